"""Names in every character set: each object is found by its own name, in its own character set and in UTF-8."""

import pytest
from pydicom import dcmread
from pydicom.uid import UID
from pynetdicom.presentation import build_context

from accounts.actors import SystemActor
from archive.studies.services import store_part10
from integrations.dicom.models import AERole
from integrations.dicom.scu.association import associate
from integrations.dicom.scu.find import STUDY_ROOT_FIND, find_studies, study_query
from tests.archive.studies.objects import part10

CONTEXTS = [build_context(STUDY_ROOT_FIND)]


@pytest.fixture
def named(peer, modality, cast, shared_data):
    """The files that name a patient, each with UIDs and a Patient ID of its own."""
    modality.roles = [AERole.STORAGE_SCU, AERole.QUERY_SCU]
    modality.save()
    found = []
    for number, path in enumerate(sorted((shared_data / "dicom" / "charset").glob("*.dcm"))):
        dataset = dcmread(path, force=True)
        if not str(dataset.get("PatientName", "")).strip("^= ") or "SOPInstanceUID" not in dataset:
            continue
        dataset.PatientID = f"C{number}"
        dataset.StudyInstanceUID = f"2.25.8{number:03}"
        dataset.SeriesInstanceUID = f"2.25.8{number:03}.1"
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = UID(f"2.25.8{number:03}.1.1")
        store_part10(part10(dataset), site=cast.county, actor=SystemActor("test"))
        found.append((path.stem, dataset))
    return found


def ask(assoc, dataset, *, character_set):
    query = study_query(PatientID="")
    query.SpecificCharacterSet = character_set
    query.PatientName = dataset.PatientName
    return {answer.PatientID: answer for answer in find_studies(assoc, query)}


def test_each_is_found_by_its_own_name_in_its_own_character_set_and_in_utf_8(named, peer):
    with associate(peer, CONTEXTS) as assoc:
        missed = [
            (stem, character_set)
            for stem, dataset in named
            for character_set in (dataset.get("SpecificCharacterSet", ""), "ISO_IR 192")
            if dataset.PatientID not in ask(assoc, dataset, character_set=character_set)
        ]

    assert len(named) >= 12
    assert missed == []
