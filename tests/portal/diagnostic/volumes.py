"""Real volumes, and parts of them, stored as a modality would."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydicom import FileDataset, dcmread

from accounts.models import Site
from archive.studies.services import store_part10
from common.uids import derived_uid
from tests.portal.stored_images import MODALITY, part10

SLICES = 12


def slices_of(shared_data: Path, name: str, count: int) -> list[FileDataset]:
    """So many neighbouring slices from the middle of a real volume, along the slice normal."""
    headers = [
        dcmread(file, stop_before_pixels=True) for file in (shared_data / "volumes" / name).glob("*.dcm")
    ]
    headers.sort(key=lambda header: float(header.ImagePositionPatient[2]))
    first = max(0, len(headers) // 2 - count // 2)
    return [dcmread(str(header.filename)) for header in headers[first : first + count]]


def store_all(
    datasets: Sequence[FileDataset], site: Site, *, study_uid: str = "", date: str = "20260301"
) -> str:
    """The UID of the study they are stored as, if wanted under a UID of its own."""
    for dataset in datasets:
        dataset.StudyDate = date
        if study_uid:
            dataset.StudyInstanceUID = study_uid
            dataset.SeriesInstanceUID = derived_uid(study_uid, "series")
            dataset.SOPInstanceUID = derived_uid(study_uid, dataset.SOPInstanceUID)
            dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
        store_part10(part10(dataset), site=site, actor=MODALITY)
    return str(datasets[0].StudyInstanceUID)


def store_volume(shared_data: Path, name: str, site: Site, **wishes: str) -> str:
    return store_all(slices_of(shared_data, name, SLICES), site, **wishes)


def store_file(file: Path, site: Site) -> str:
    store_part10(file.read_bytes(), site=site, actor=MODALITY)
    return str(dcmread(file, stop_before_pixels=True).StudyInstanceUID)
