"""What blending is shown of: images, registrations and states in the archive, and the pictures of an answer."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from PIL import Image
from pydicom import Dataset
from pydicom.dataset import FileDataset
from pydicom.uid import UID

from accounts.actors import SystemActor
from archive.studies.services import store_part10
from tests.archive.pixels.blends import advanced_state, blending_input, blending_state, step
from tests.archive.pixels.states import item, state
from tests.integrations.dicomweb.answers import parts_of
from tests.portal.stored_images import ct_slice, part10

MODALITY = SystemActor("dicom:CT1", "county")
STUDY, OTHER_STUDY, SERIES, STATE = "1.2.3", "1.2.9", "1.2.9.4", "1.2.3.4.6"
FRAME = "1.2.77"
URL = f"/dicomweb/studies/{STUDY}/series/1.2.3.5/instances/{STATE}/rendered"
WINDOW = [item(WindowCenter=50, WindowWidth=100, VOILUTFunction="LINEAR_EXACT")]
HU = {"RescaleSlope": 1, "RescaleIntercept": -1000, "RescaleType": "HU", "SoftcopyVOILUTSequence": WINDOW}
OTHER_FRAME, REGISTRATION = "1.2.78", "1.2.3.55"
SPATIAL, FIDUCIALS = "1.2.840.10008.5.1.4.1.1.66.1", "1.2.840.10008.5.1.4.1.1.66.2"
ROWS, COLUMNS = np.mgrid[:8, :8]
VALUES = 10 * COLUMNS + ROWS


def store_over(site, index: int, **elements: object) -> str:
    """A slice of another study, of 60 HU."""
    made = ct_slice(OTHER_STUDY, SERIES, index, value=60, **{"FrameOfReferenceUID": FRAME, **elements})
    store_part10(part10(made), site=site, actor=MODALITY)
    return str(made.SOPInstanceUID)


def flat(value: int) -> bytes:
    """The pixels of a slice of as many HU."""
    return np.full((8, 8), value + 1000, np.uint16).tobytes()


def store_film(site, study: str, series: str, values: dict[float, int]) -> str:
    """A film of one frame at each of these depths in mm, of as many HU."""
    made = ct_slice(study, series, 0, FrameOfReferenceUID=FRAME, NumberOfFrames=len(values))
    del made.ImagePositionPatient
    made.PerFrameFunctionalGroupsSequence = [
        item(PlanePositionSequence=[item(ImagePositionPatient=[0, 0, z])]) for z in values
    ]
    made.PixelData = b"".join(flat(value) for value in values.values())
    store_part10(part10(made), site=site, actor=MODALITY)
    return str(made.SOPInstanceUID)


def store_state(site, below: list[str], above: list[str], **elements: Any) -> None:
    by = blending_state(**{"opacity": 0.5, "under": HU, "over": HU, **elements})
    for one, study, uids in zip(by.BlendingSequence, (STUDY, OTHER_STUDY), (below, above), strict=True):
        one.StudyInstanceUID = study
        one.ReferencedSeriesSequence[0].ReferencedImageSequence = [named(uid) for uid in uids]
    store_in_study(site, by)


def store_in_study(site, made: FileDataset, *, study: str = STUDY) -> None:
    """As an object of the state's series, and of the patient of all images."""
    of_study = ct_slice(STUDY, "1.2.3.5", 0)
    for keyword in ("SpecificCharacterSet", "PatientName", "PatientID", "PatientBirthDate", "PatientSex"):
        setattr(made, keyword, of_study.get(keyword))
    made.StudyInstanceUID, made.SeriesInstanceUID, made.Modality = study, f"{study}.5", "PR"
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID
    store_part10(part10(made), site=site, actor=MODALITY)


def named(uid: str, **elements: Any) -> Dataset:
    return item(ReferencedSOPClassUID="1.2.840.10008.5.1.4.1.1.2", ReferencedSOPInstanceUID=uid, **elements)


def pictures_of(response) -> list[np.ndarray]:
    """Each picture of an answer of one or several."""
    parts = (
        [part.get_payload(decode=True) for part in parts_of(response)]
        if response.streaming
        else [response.content]
    )
    return [np.asarray(Image.open(io.BytesIO(part))) for part in parts]


def store_registration(site, *items: Dataset, sop_class: str = SPATIAL, to: str = FRAME) -> None:
    made = state(sop_class, FrameOfReferenceUID=to, RegistrationSequence=list(items))
    store_as_registration(site, made)


def store_as_registration(site, made: FileDataset, *, study: str = STUDY) -> None:
    """As the object states refer to."""
    made.SOPInstanceUID = made.file_meta.MediaStorageSOPInstanceUID = UID(REGISTRATION)
    store_in_study(site, made, study=study)


def referring(instance: str = REGISTRATION) -> dict[str, Any]:
    """What a state says of the registration."""
    named = item(ReferencedSOPClassUID=SPATIAL, ReferencedSOPInstanceUID=instance)
    series = item(SeriesInstanceUID="1.2.3.5", ReferencedSOPSequence=[named])
    study = item(StudyInstanceUID="1.2.3", ReferencedSeriesSequence=[series])
    return {"ReferencedSpatialRegistrationSequence": [study]}


def alone() -> dict[str, Any]:
    """The superimposed image alone, 1 HU an entry of the palette."""
    window = item(WindowCenter=127.5, WindowWidth=255, VOILUTFunction="LINEAR_EXACT")
    return {"opacity": 1.0, "over": {**HU, "SoftcopyVOILUTSequence": [window]}, **referring()}


def grey(study: str = STUDY, series: str = "1.2.3.4", **elements: Any) -> Dataset:
    """An input of a whole series, shown from 0 to 100 HU."""
    made = blending_input(SoftcopyVOILUTSequence=WINDOW, **elements)
    made.StudyInstanceUID, made.SeriesInstanceUID = study, series
    return made


def red(**elements: Any) -> Dataset:
    made = grey(OTHER_STUDY, SERIES, **elements)
    made.PaletteColorLookupTableSequence = blending_input(colour="Red").PaletteColorLookupTableSequence
    return made


def halves(*inputs: Dataset) -> FileDataset:
    """The second input over the first, by half."""
    return advanced_state(list(inputs), [step(2, 1, opacity=0.5)])
