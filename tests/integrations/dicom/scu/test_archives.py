"""Finding, fetching and having sent what other archives hold: in both models, at every level.

What our own listener answers is tested with DCMTK's tools elsewhere; here it is one more archive to ask.
"""

from __future__ import annotations

import io
import tracemalloc
import uuid
from typing import Any

import numpy as np
import pytest
from django.conf import settings as product
from pydicom import dcmread
from pydicom.dataset import Dataset
from pynetdicom.presentation import build_context

from accounts.actors import SystemActor
from accounts.models import AuditEvent
from archive.studies.models import Instance
from archive.studies.selectors import read_dataset
from common.errors import InvalidInput
from common.uids import derived_uid
from integrations.dicom.models import AERole, ApplicationEntity, NodeTraffic
from integrations.dicom.nodes.quirks import Quirk
from integrations.dicom.part10 import part10_head
from integrations.dicom.scu.association import associate
from integrations.dicom.scu.find import (
    PATIENT_ROOT_FIND,
    STUDY_ROOT_FIND,
    find_studies,
    find_worklist,
    study_query,
    worklist_query,
)
from integrations.dicom.scu.get import contexts_to_get, get
from integrations.dicom.scu.move import PATIENT_ROOT_MOVE, STUDY_ROOT_MOVE, move
from integrations.dicom.scu.store import StorageSCU, contexts_for, stored_files
from integrations.dicom.service_tasks import find_studies as find_studies_step
from integrations.dicom.service_tasks import retrieve_study
from tests.archive.studies.objects import ct_slice, part10
from tests.integrations.dicom.archives import running_dcmqrscp, running_orthanc, running_worklist
from workflows.service_tasks import TaskContext

pytestmark = pytest.mark.stack

EXPLICIT = "1.2.840.10008.1.2.1"
CT = "1.2.840.10008.5.1.4.1.1.2"
STUDY, ONE, TWO = derived_uid("a"), derived_uid("a", "one"), derived_uid("a", "two")
HELD = [
    *(ct_slice(number, study="a", series="one") for number in (1, 2, 3)),
    *(ct_slice(number, study="a", series="two", SeriesNumber=2) for number in (1, 2)),
    ct_slice(1, study="b", series="only", StudyDate="20250101"),
    ct_slice(1, study="c", series="only", PatientID="P2", PatientName="Wang^Fang"),
]
KEYS = {
    "PatientID": "P1", "StudyInstanceUID": STUDY, "SeriesInstanceUID": ONE,
    "SOPInstanceUID": derived_uid("a", "one", 2),
}  # fmt: skip
LEVELS = ["PATIENT", "STUDY", "SERIES", "IMAGE"]
FOUND_BELOW = {  # what there is at a level of what the keys above it name
    "PATIENT": {"P1", "P2"}, "STUDY": {STUDY, derived_uid("b")}, "SERIES": {ONE, TWO},
    "IMAGE": {derived_uid("a", "one", number) for number in (1, 2, 3)},
}  # fmt: skip
INSTANCES_NAMED = {"PATIENT": 6, "STUDY": 5, "SERIES": 3, "IMAGE": 1}
CASES = [("patient", level) for level in LEVELS] + [("study", level) for level in LEVELS[1:]]


def identifier(root: str, level: str, *, is_query: bool = False):
    """The unique keys down to a level; of a query the last one is what is asked for."""
    names = list(KEYS)[0 if root == "patient" else 1 : LEVELS.index(level) + 1]
    keys = {name: KEYS[name] for name in names}
    if is_query:
        keys[names[-1]] = ""
        if (root, level) == ("study", "STUDY"):
            keys["PatientID"] = "P1"
    return study_query(level=level, **keys)


@pytest.fixture
def files(tmp_path):
    folder = tmp_path / "files"
    folder.mkdir()
    for number, dataset in enumerate(HELD):
        (folder / f"{number}.dcm").write_bytes(part10(dataset))
    return stored_files(folder)


@pytest.fixture(params=["orthanc", "dcmqrscp", "consilium"])
def archive(request, peer, modality, files, tmp_path):
    """The peer, which holds the files."""
    if request.param == "consilium":
        modality.roles = [AERole.STORAGE_SCU, AERole.QUERY_SCU]
        modality.save()
        fill(peer, files)
        yield peer
        return
    running = {"orthanc": running_orthanc, "dcmqrscp": running_dcmqrscp}[request.param]
    with running(tmp_path / "archive", our_title=product.DICOM_AE_TITLE, our_port=peer.port) as other:
        fill(other, files)
        yield other


def fill(peer, files) -> None:
    with associate(peer, contexts_for(files)) as assoc:
        scu = StorageSCU(assoc)
        assert {scu.send(file) for file in files} == {0x0000}


@pytest.mark.parametrize("archive", ["orthanc", "dcmqrscp"], indirect=True)
def test_each_level_is_found_in_each_model_that_has_it(archive):
    with associate(archive, [build_context(PATIENT_ROOT_FIND), build_context(STUDY_ROOT_FIND)]) as assoc:
        for root, level in CASES:
            query = identifier(root, level, is_query=True)
            answers = find_studies(assoc, query, is_patient_root=root == "patient")
            found = {str(answer[list(KEYS)[LEVELS.index(level)]].value) for answer in answers}
            assert found == FOUND_BELOW[level], (root, level)


def test_each_level_is_fetched_over_our_association_in_each_model(archive):
    with associate(archive, contexts_to_get([(CT, [EXPLICIT])])) as assoc:
        for root, level in CASES:
            got: list[Dataset] = []

            def store(event, got=got):
                head = part10_head(sop_class_uid="", sop_instance_uid="", transfer_syntax_uid=EXPLICIT)
                got.append(dcmread(io.BytesIO(head + event.request.DataSet.getvalue())))
                return 0x0000

            came = get(assoc, identifier(root, level), store=store, is_patient_root=root == "patient")

            assert (came.status, came.completed, came.failed) == (0, INSTANCES_NAMED[level], 0), (root, level)
            held = {dataset.SOPInstanceUID: dataset for dataset in HELD}
            assert len({dataset.SOPInstanceUID for dataset in got}) == INSTANCES_NAMED[level]
            assert all(dataset == held[dataset.SOPInstanceUID] for dataset in got)


@pytest.mark.parametrize("archive", ["orthanc", "dcmqrscp"], indirect=True)
def test_what_we_refuse_on_the_way_is_told(archive):
    bad = KEYS["SOPInstanceUID"]

    def store(event: Any) -> int:
        return 0xA700 if event.request.AffectedSOPInstanceUID == bad else 0x0000

    with associate(archive, contexts_to_get([(CT, [EXPLICIT])])) as assoc:
        came = get(assoc, identifier("study", "SERIES"), store=store)

    assert (came.status, came.completed, came.failed) == (0xB000, 2, 1)


@pytest.fixture
def node(archive, cast):
    """The archive as a node of the county."""
    return ApplicationEntity.objects.create(
        ae_title=archive.called_ae_title, site=cast.county, host="127.0.0.1", port=archive.port, timeout_s=20,
        roles=[AERole.QUERY_SCP, AERole.STORAGE_SCU],
    )  # fmt: skip


@pytest.mark.parametrize("archive", ["orthanc", "dcmqrscp"], indirect=True)
def test_each_level_is_sent_to_us_in_each_model(archive, node):
    with associate(archive, [build_context(PATIENT_ROOT_MOVE), build_context(STUDY_ROOT_MOVE)]) as assoc:
        for root, level in CASES:
            Instance.objects.all().delete()
            came = move(
                assoc, identifier(root, level), destination=product.DICOM_AE_TITLE,
                is_patient_root=root == "patient",
            )  # fmt: skip
            assert (came.completed, came.failed) == (INSTANCES_NAMED[level], 0), (root, level)
            assert Instance.objects.count() == INSTANCES_NAMED[level]


@pytest.fixture
def context(transactional_db):
    return TaskContext(
        uuid.uuid4(), uuid.uuid4(), "Task", uuid.uuid4(), "county", {}, 1, SystemActor("workflow", "county")
    )


@pytest.mark.parametrize("archive", ["orthanc", "dcmqrscp"], indirect=True)
def test_a_study_of_an_archive_that_cannot_call_us_is_fetched_and_filed(archive, node, context):
    node.quirks = [Quirk.NO_CALLS]
    node.save()

    for _ in range(2):  # again without effect
        outcome = retrieve_study(context, study_instance_uid=STUDY, source=node.ae_title)
        assert outcome == {"completed": 5, "failed": 0, "warning": 0}

    filed = {instance.sop_instance_uid: read_dataset(instance) for instance in Instance.objects.all()}
    assert filed == {one.SOPInstanceUID: one for one in HELD if one.StudyInstanceUID == STUDY}
    assert {str(one.series.study.site.code) for one in Instance.objects.all()} == {"county"}
    assert AuditEvent.objects.filter(action="study.fetched").count() == 2
    assert NodeTraffic.objects.get(node=node).instances == 10


@pytest.mark.parametrize("archive", ["dcmqrscp"], indirect=True)
def test_a_large_object_is_fetched_by_way_of_a_file_and_not_of_memory(archive, node, context, tmp_path):
    large = ct_slice(1, study="large", series="only", Rows=4096, Columns=4096)
    large.PixelData = np.arange(4096 * 4096, dtype=np.uint16).tobytes()  # 32 MiB
    (tmp_path / "large").mkdir()
    (tmp_path / "large" / "1.dcm").write_bytes(part10(large))
    fill(archive, stored_files(tmp_path / "large"))
    node.quirks = [Quirk.NO_CALLS]
    node.save()

    tracemalloc.start()
    try:
        outcome = retrieve_study(context, study_instance_uid=large.StudyInstanceUID, source=node.ae_title)
        _now, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert outcome == {"completed": 1, "failed": 0, "warning": 0}
    assert read_dataset(Instance.objects.get()) == large
    assert most < 16 << 20


@pytest.mark.parametrize("archive", ["orthanc", "dcmqrscp"], indirect=True)
def test_the_studies_of_a_patient_are_asked_for_before_they_are_fetched(archive, node, context):
    found = find_studies_step(context, patient_id="P1", source=node.ae_title)["studies"]

    assert [one["study_instance_uid"] for one in found] == [STUDY, derived_uid("b")]
    assert [one["study_date"] for one in found] == ["20260302", "20250101"]
    assert AuditEvent.objects.get(action="node.queried").detail["found"] == 2
    for vague in ("", "P*", "P1\\P2"):
        with pytest.raises(InvalidInput):
            find_studies_step(context, patient_id=vague, source=node.ae_title)


@pytest.mark.parametrize("quirks", [[], [Quirk.NO_CALLS]], ids=["moved", "fetched"])
def test_an_archive_that_knows_only_patient_root_is_asked_in_it(quirks, peer, files, tmp_path, cast, context):
    ours = {"our_title": product.DICOM_AE_TITLE, "our_port": peer.port}
    with running_dcmqrscp(tmp_path / "archive", **ours, options=["--no-study-root"]) as old:
        fill(old, files)
        ApplicationEntity.objects.create(
            ae_title="DCMQRSCP", site=cast.county, host="127.0.0.1", port=old.port, quirks=quirks,
            roles=[AERole.QUERY_SCP, AERole.STORAGE_SCU],
        )  # fmt: skip

        found = find_studies_step(context, patient_id="P1", source="DCMQRSCP")["studies"]
        assert len(found) == 2
        with pytest.raises(InvalidInput, match="patient's ID"):
            retrieve_study(context, study_instance_uid=STUDY, source="DCMQRSCP")
        outcome = retrieve_study(context, study_instance_uid=STUDY, source="DCMQRSCP", patient_id="P1")

    assert outcome["completed"] == Instance.objects.count() == 5


def test_the_worklist_of_dcmtk_is_read_entry_by_entry(shared_data, tmp_path):
    entries = sorted((shared_data / "dicom" / "modality_worklist" / "entries").glob("*.wl"))
    expected = {
        (str(entry.PatientID), step.ScheduledProcedureStepStartDate, step.Modality)
        for entry in map(dcmread, entries)
        for step in entry.ScheduledProcedureStepSequence
    }
    with running_worklist(tmp_path / "lists", entries, our_title="COUNTY_CT1") as peer:
        everything = find_worklist(peer, worklist_query())
        of_one = find_worklist(peer, worklist_query(patient_id="AV35674"))
        of_nobody = find_worklist(peer, worklist_query(patient_id="NOBODY"))

    steps = {
        (str(entry.PatientID), step.ScheduledProcedureStepStartDate, step.Modality)
        for entry in everything
        for step in entry.ScheduledProcedureStepSequence
    }
    assert steps == expected
    assert {str(entry.PatientName) for entry in of_one} == {"VIVALDI^ANTONIO"}
    assert of_nobody == []
