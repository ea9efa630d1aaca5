"""A study filed under another patient is fetched with that patient: by getscu, by C-MOVE, by a diagram's step."""

from __future__ import annotations

from io import BytesIO

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pydicom import dcmread
from pydicom.uid import ImplicitVRLittleEndian

from archive.storage.objects import read_object
from archive.studies.corrections.services import reassign_study
from archive.studies.models import Instance, Study
from common.uids import derived_uid
from integrations.dicom.models import AERole, ApplicationEntity
from integrations.dicom.part10 import part10_head
from integrations.dicom.retrieval import instances_of_study
from integrations.dicom.scu.association import associate
from integrations.dicom.scu.find import study_query
from integrations.dicom.scu.move import move
from integrations.dicom.sending import send_to
from tests.archive.orders.orders import make_patient
from tests.integrations.dicom.retrieving import (
    GETSCU,
    Receiver,
    dcmtk,
    folder_of,
    hold_series,
    installed,
    receiving,
)
from tests.integrations.dicom.test_retrieve import MOVE, data_set

WHY = "taken under the wrong worklist entry"


@pytest.fixture
def workstation(peer, modality):
    modality.roles = [AERole.STORAGE_SCU, AERole.QUERY_SCU]
    modality.save()
    return peer


@pytest.fixture
def reassign(cast):
    def reassign(name="study") -> Study:
        study = Study.objects.get(study_instance_uid=derived_uid(name))
        wang = make_patient(cast, "2002", family_name="Wang", given_name="Fang", ideographic_name="王芳")
        reassign_study(study, patient=wang, actor=cast.theo, comment=WHY)
        return Study.objects.get(pk=study.pk)

    return reassign


def get(workstation, folder):
    folder.mkdir()
    keys = ["-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={derived_uid('study')}"]
    result = dcmtk(GETSCU, workstation, "-S", "+B", "-od", folder, *keys, workstation.host, workstation.port)
    assert result.returncode == 0, result.stdout + result.stderr
    return folder_of(folder)


@pytest.mark.skipif(not installed(GETSCU), reason="DCMTK is not installed")
def test_dcmtk_gets_the_bytes_received_until_the_study_is_corrected_and_then_its_new_patient(
    workstation, cast, tmp_path, reassign
):
    stored = {data_set(data) for data in hold_series(cast.county, 3)}
    before = get(workstation, tmp_path / "before")
    assert {data_set(path.read_bytes()) for path in before} == stored

    reassign()
    after = get(workstation, tmp_path / "after")

    pixels = {str(dcmread(path).SOPInstanceUID): dcmread(path).PixelData for path in before}
    assert len(after) == 3
    for path in after:
        dataset = dcmread(path)
        assert (str(dataset.PatientName), dataset.PatientID) == ("Wang^Fang=王芳", "2002")
        assert dataset.OriginalAttributesSequence[0].ModifiedAttributesSequence[0].PatientID == "P1"
        assert dataset.PixelData == pixels[str(dataset.SOPInstanceUID)]
    for instance in Instance.objects.all():
        assert data_set(read_object(instance.storage_key)) in stored


def test_a_corrected_study_is_moved_with_its_new_patient(workstation, cast, reader, receiver, reassign):
    hold_series(cast.county, 2)
    reassign()

    with associate(workstation, MOVE) as assoc:
        outcome = move(assoc, study_query(StudyInstanceUID=derived_uid("study")), destination="READER")

    assert (outcome.status, outcome.completed) == (0x0000, 2)
    assert {patient_id(receiver, uid) for uid in receiver.received} == {"2002"}


def test_a_corrected_study_goes_to_a_node_in_the_syntax_it_takes(cast, reassign):
    hold_series(cast.county, 1)
    study, plain = reassign(), Receiver()
    with receiving("PLAIN", plain, syntaxes=[ImplicitVRLittleEndian]) as port:
        node = ApplicationEntity.objects.create(
            ae_title="PLAIN", site=cast.county, roles=[AERole.STORAGE_SCP], host="127.0.0.1", port=port,
            timeout_s=10,
        )  # fmt: skip
        statuses = [status for _, status in send_to(node, instances_of_study(study))]

    assert statuses == [0x0000]
    assert [patient_id(plain, uid) for uid in plain.received] == ["2002"]


@pytest.mark.django_db
def test_a_retrieval_asks_once_however_many_instances_a_corrected_study_has(cast, reassign):
    counts = []
    for name, count in (("small", 2), ("large", 7)):
        hold_series(cast.county, count, study=name)
        for study_of in (untouched, reassign):
            study = study_of(name)
            with CaptureQueriesContext(connection) as asked:
                assert len(instances_of_study(study)) == count
            counts.append(len(asked))

    assert counts == [1, 3, 1, 3]


def untouched(name: str) -> Study:
    return Study.objects.get(study_instance_uid=derived_uid(name))


def patient_id(receiver: Receiver, uid: str) -> str:
    head = part10_head(sop_class_uid="", sop_instance_uid=uid, transfer_syntax_uid=receiver.syntaxes[uid])
    return str(dcmread(BytesIO(head + receiver.received[uid])).PatientID)
