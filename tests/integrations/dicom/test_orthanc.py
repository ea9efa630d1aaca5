"""Orthanc as a peer in both directions: it queries and retrieves from us, and we from it."""

import datetime as dt
import json
import os
import signal
import socket
import subprocess
import urllib.request
import uuid
from pathlib import Path

import pytest
from django.conf import settings as product
from pydicom.uid import KeyObjectSelectionDocumentStorage
from pynetdicom.presentation import build_context

from accounts.actors import SystemActor
from archive.studies.corrections.reasons import ReasonCode
from archive.studies.corrections.rejection import reject
from archive.studies.models import Instance, Study
from common.uids import derived_uid
from events.delivery import deliver_due as deliver_events
from integrations.dicom.models import AERole, ApplicationEntity, Notice
from integrations.dicom.nodes.calling import node_association
from integrations.dicom.notices import delivery
from integrations.dicom.scu.find import STUDY_ROOT_FIND, find_studies, study_query
from integrations.dicom.service_tasks import retrieve_study, send_study
from tests.integrations.dicom.retrieving import hold_series
from tests.waiting import wait_until
from workflows.service_tasks import TaskContext

ORTHANC = Path("/usr/sbin/Orthanc")
pytestmark = [pytest.mark.stack, pytest.mark.skipif(not ORTHANC.exists(), reason="Orthanc is not installed")]
SLICES = 4


class Orthanc:
    """An Orthanc of our own that knows us as CONSILIUM."""

    def __init__(self, folder: Path, *, our_port: int) -> None:
        self.dicom_port, self.http_port = free_port(), free_port()
        configuration = folder / "orthanc.json"
        configuration.write_text(
            json.dumps(
                {
                    "StorageDirectory": str(folder), "IndexDirectory": str(folder), "DicomAet": "ORTHANC",
                    "DicomPort": self.dicom_port, "HttpPort": self.http_port, "Plugins": [],
                    "RemoteAccessAllowed": False, "AuthenticationEnabled": False, "DicomAlwaysAllowFind": True,
                    "DicomAlwaysAllowMove": True,
                    "DicomModalities": {"consilium": [product.DICOM_AE_TITLE, "127.0.0.1", our_port]},
                }
            )
        )  # fmt: skip
        self.process = subprocess.Popen(
            [str(ORTHANC), str(configuration)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env={**os.environ, "TCP_NODELAY": "1"}, start_new_session=True,
        )  # fmt: skip
        wait_until(self._answers)

    def ask(self, path: str, body: object = None) -> object:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.http_port}{path}", data=data)
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            return json.load(answer)

    def upload(self, data: bytes) -> None:
        request = urllib.request.Request(f"http://127.0.0.1:{self.http_port}/instances", data=data)
        urllib.request.urlopen(request, timeout=30).close()  # noqa: S310

    def stop(self) -> None:
        os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait(timeout=30)

    def _answers(self) -> bool:
        try:
            self.ask("/system")
        except OSError:
            return False
        return True


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def orthanc(peer, cast, tmp_path):
    folder = tmp_path / "orthanc"
    folder.mkdir()
    running = Orthanc(folder, our_port=peer.port)
    ApplicationEntity.objects.create(
        ae_title="ORTHANC", site=cast.county, host="127.0.0.1", port=running.dicom_port,
        roles=[AERole.STORAGE_SCU, AERole.STORAGE_SCP, AERole.QUERY_SCU, AERole.QUERY_SCP],
    )  # fmt: skip
    yield running
    running.stop()


@pytest.fixture
def context():
    return TaskContext(
        uuid.uuid4(), uuid.uuid4(), "Task", uuid.uuid4(), "county", {}, 1, SystemActor("workflow", "county")
    )


def test_orthanc_queries_and_retrieves_from_us(orthanc, cast):
    hold_series(cast.county, SLICES)

    query = orthanc.ask("/modalities/consilium/query", {"Level": "Study", "Query": {"PatientName": "li*"}})
    (answer,) = orthanc.ask(f"/queries/{query['ID']}/answers?expand&simplify")
    orthanc.ask(f"/queries/{query['ID']}/retrieve", {"TargetAet": "ORTHANC", "Synchronous": True})

    assert answer["StudyInstanceUID"] == derived_uid("study")
    assert len(orthanc.ask("/instances")) == SLICES


def test_we_query_and_retrieve_from_orthanc(orthanc, cast, context):
    for data in hold_series(cast.county, SLICES):
        orthanc.upload(data)
    Instance.objects.all().delete()
    Study.objects.all().delete()
    node = ApplicationEntity.objects.get(ae_title="ORTHANC")

    with node_association(node, [build_context(STUDY_ROOT_FIND)]) as assoc:
        found = list(find_studies(assoc, study_query(PatientID="P1", StudyInstanceUID="")))
    outcome = retrieve_study(context, study_instance_uid=derived_uid("study"), source="ORTHANC")

    assert [answer.StudyInstanceUID for answer in found] == [derived_uid("study")]
    assert outcome == {"completed": SLICES, "failed": 0, "warning": 0}
    assert Instance.objects.count() == SLICES


def test_we_send_to_orthanc(orthanc, cast, context):
    hold_series(cast.county, SLICES)

    assert (
        send_study(context, study_instance_uid=derived_uid("study"), destination="ORTHANC")["completed"]
        == SLICES
    )
    assert len(orthanc.ask("/instances")) == SLICES


@pytest.mark.usefixtures("transactional_db")
def test_our_rejection_note_is_stored_by_orthanc(orthanc, cast, clock):
    """IHE RAD TF-2 §4.66: a key object document that names what was rejected, and why."""
    hold_series(cast.county, SLICES)
    node = ApplicationEntity.objects.get(ae_title="ORTHANC")
    node.roles = [*node.roles, AERole.REJECTION_SCP]
    node.save()
    rejected = list(Instance.objects.order_by("instance_number").values_list("sop_instance_uid", flat=True))[
        :2
    ]

    reject(Study.objects.get(), reason=ReasonCode.QUALITY, actor=cast.theo, sop_instance_uids=rejected)
    clock.advance(dt.timedelta(seconds=5))
    deliver_events()
    delivery.deliver_due()

    (held,) = orthanc.ask("/instances")
    said = orthanc.ask(f"/instances/{held}/simplified-tags")
    assert said["SOPClassUID"] == KeyObjectSelectionDocumentStorage
    assert [code["CodeValue"] for code in said["ConceptNameCodeSequence"]] == ["113001"]
    named = [
        reference["ReferencedSOPInstanceUID"]
        for evidence in said["CurrentRequestedProcedureEvidenceSequence"]
        for series in evidence["ReferencedSeriesSequence"]
        for reference in series["ReferencedSOPSequence"]
    ]
    assert sorted(named) == sorted(rejected)
    assert not Notice.objects.filter(delivered_at=None).exists()
