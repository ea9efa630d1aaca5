"""One series of three slices at the county hospital, how it is asked for, and what becomes of its objects."""

from __future__ import annotations

from accounts.actors import SystemActor
from archive.storage.objects import local_slice, read_object
from archive.studies.models import Instance
from archive.studies.services import store_part10
from common.uids import derived_uid
from integrations.dicomweb.retrieve.subjects import Subject, subjects
from tests.archive.studies.objects import part10

CT = SystemActor("dicom:CT1", "county")
STUDY, SERIES = derived_uid("study"), derived_uid("study", "series")
STUDY_PATH = f"/dicomweb/studies/{STUDY}"
SERIES_PATH = f"{STUDY_PATH}/series/{SERIES}"
ANY_DICOM = 'multipart/related; type="application/dicom"; transfer-syntax=*'
DICOM = 'multipart/related; type="application/dicom"'
OCTETS = 'multipart/related; type="application/octet-stream"'


def instance_path(number: int) -> str:
    return f"{SERIES_PATH}/instances/{derived_uid('study', 'series', number)}"


def store(cast, *datasets) -> None:
    for dataset in datasets:
        store_part10(part10(dataset), site=cast.county, actor=CT)


def named_all() -> list[Subject]:
    return subjects(CT, study=STUDY)


def held(number: int) -> bytes:
    return read_object(
        Instance.objects.get(sop_instance_uid=derived_uid("study", "series", number)).storage_key
    )


def lose(number: int) -> None:
    """As if a disk had lost it: the object's bytes are not where they should be."""
    key = Instance.objects.get(sop_instance_uid=derived_uid("study", "series", number)).storage_key
    slice_ = local_slice(key)
    assert slice_ is not None
    slice_.path.unlink()
