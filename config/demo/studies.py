"""The study of a journey: a folder of DICOM files as a scanner would send them, and what its headers say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError

from compute.phantoms.headers import StudyHeader
from compute.phantoms.writing import default_geometry, write_series
from config.demo.problems import JourneyFailed

KEYWORDS = [
    "StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "PatientID", "PatientName", "PatientBirthDate",
    "PatientSex", "AccessionNumber", "Modality", "SpecificCharacterSet",
]  # fmt: skip
MODALITIES = ("CT", "MR")
PATIENTS = (
    ("Li^Wei=李^伟", "19570312", "M"),
    ("Zhang^Xiuying=张^秀英", "19491103", "F"),
    ("Liu^Guoqiang=刘^国强", "19640827", "M"),
    ("Huang^Lijuan=黄^丽娟", "19720119", "F"),
    ("Chen^Jianguo=陈^建国", "19550630", "M"),
    ("Zhou^Meihua=周^美华", "19680415", "F"),
)


@dataclass(frozen=True, slots=True)
class JourneyStudy:
    """What the headers of a study say, for the hospital system that orders it."""

    folder: Path
    study_instance_uid: str
    modality: str
    instances: int
    patient_id: str
    family_name: str
    given_name: str
    ideographic_name: str
    birth_date: str
    sex: str
    accession_number: str


def read_study(folder: Path) -> JourneyStudy:
    """The one CT or MR study in a folder.

    Raises  JourneyFailed where there is none, or more than one.
    """
    headers = list(_headers(folder))
    studies = {str(header.get("StudyInstanceUID", "")) for header in headers}
    if len(studies) != 1:
        raise JourneyFailed(
            f"{folder} holds {len(studies) or 'no'} studies: choose a folder with the files of one CT or MR study."
        )
    first = next((header for header in headers if header.get("Modality") in MODALITIES), headers[0])
    if first.get("Modality") not in MODALITIES:
        raise JourneyFailed(f"{folder} holds a {first.get('Modality')} study: choose one of CT or MR.")
    return _described(folder, first, len({str(header.SOPInstanceUID) for header in headers}))


def phantom_header(number: int) -> StudyHeader:
    """The `number`-th demo patient with a CT of the chest; the same number is always the same study."""
    name, birth_date, sex = PATIENTS[number % len(PATIENTS)]
    return StudyHeader(
        seed=number,
        patient_name=name,
        patient_id=f"G{100_000 + number}",
        birth_date=birth_date,
        sex=sex,
        accession_number=f"A{260_000 + number}",
        study_description="CT chest",
    )


def write_phantom(folder: Path, number: int, *, matrix: int = 256, slices: int = 160) -> JourneyStudy:
    """Write the `number`-th demo patient's CT, thin slices of a chest, and read it back."""
    geometry = default_geometry("ct", matrix=matrix, slices=slices, spacing_mm=1.25)
    write_series(folder, kind="ct", geometry=geometry, header=phantom_header(number), seed=number)
    return read_study(folder)


def _headers(folder: Path) -> Iterator[Dataset]:
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        try:
            header = dcmread(path, specific_tags=KEYWORDS, stop_before_pixels=True)
        except (InvalidDicomError, OSError, EOFError):
            continue
        if "SOPInstanceUID" in header and "StudyInstanceUID" in header:
            yield header


def _described(folder: Path, header: Dataset, instances: int) -> JourneyStudy:
    """An unnamed patient, as in published collections, is known by the identifier alone."""
    name = header.get("PatientName")
    patient_id = str(header.get("PatientID") or "UNKNOWN")
    return JourneyStudy(
        folder=folder,
        study_instance_uid=str(header.StudyInstanceUID),
        modality=str(header.Modality),
        instances=instances,
        patient_id=patient_id,
        family_name=(str(name.family_name) if name else "") or patient_id,
        given_name=str(name.given_name) if name else "",
        ideographic_name=str(name.ideographic).replace("^", "") if name else "",
        birth_date=str(header.get("PatientBirthDate") or ""),
        sex=str(header.get("PatientSex") or ""),
        accession_number=str(header.get("AccessionNumber") or ""),
    )
