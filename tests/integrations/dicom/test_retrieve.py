"""C-MOVE and C-GET over the wire: to receivers of ours and DCMTK's, counted, cancelled, refused, killed."""

import io
import signal
import threading

import pytest
from pydicom import dcmread
from pydicom.uid import ImplicitVRLittleEndian, RLELossless
from pynetdicom.presentation import build_context

from accounts.models import AuditEvent
from archive.storage.objects import read_object
from archive.studies.models import Instance
from common.errors import InvalidInput, NotFound, Unavailable
from common.uids import derived_uid
from integrations.dicom.models import AERole, ApplicationEntity
from integrations.dicom.part10 import part10_head
from integrations.dicom.scu.association import Peer, associate
from integrations.dicom.scu.echo import echo
from integrations.dicom.scu.find import study_query
from integrations.dicom.scu.move import STUDY_ROOT_MOVE, move
from tests.archive.studies.objects import ct_slice
from tests.integrations.dicom.retrieving import (
    GETSCU,
    MOVESCU,
    Receiver,
    dcmtk,
    folder_of,
    hold,
    hold_series,
    installed,
    receiving,
)  # fmt: skip
from tests.waiting import wait_until

MOVE = [build_context(STUDY_ROOT_MOVE)]
SLICES = 5


@pytest.fixture
def workstation(peer, modality):
    modality.roles = [AERole.STORAGE_SCU, AERole.QUERY_SCU]
    modality.save()
    return peer


@pytest.fixture
def receiver():
    return Receiver()


@pytest.fixture
def destination(cast, receiver):
    with receiving("READER", receiver) as port:
        yield ApplicationEntity.objects.create(
            ae_title="READER",
            site=cast.county,
            roles=[AERole.STORAGE_SCP],
            host="127.0.0.1",
            port=port,
            timeout_s=10,
        )


def study(**keys):
    return study_query(StudyInstanceUID=derived_uid("study"), **keys)


def moved(peer, identifier=None, to="READER", **options):
    with associate(peer, MOVE) as assoc:
        return move(assoc, identifier or study(), destination=to, **options)


def data_set(part10: bytes) -> bytes:
    return part10[144 + int.from_bytes(part10[140:144], "little") :]


def test_a_study_arrives_byte_for_byte_at_the_node_that_was_named(workstation, cast, destination, receiver):
    stored = hold_series(cast.county, SLICES)

    outcome = moved(workstation)

    assert (outcome.status, outcome.completed, outcome.failed) == (0x0000, SLICES, 0)
    assert sorted(receiver.received.values()) == sorted(data_set(data) for data in stored)
    assert {title for title, _ in receiver.originators} == {workstation.calling_ae_title}
    line = AuditEvent.objects.get(action="study.moved")
    assert (line.study_instance_uid, line.detail["destination"]) == (derived_uid("study"), "READER")


def test_series_and_images_are_retrieved_by_their_own_keys(workstation, cast, destination, receiver):
    hold_series(cast.county, 3, series="one")
    hold_series(cast.county, 2, series="two")
    one, image = derived_uid("study", "one"), derived_uid("study", "two", 2)

    assert moved(workstation, study(level="SERIES", SeriesInstanceUID=one)).completed == 3
    identifier = study(level="IMAGE", SeriesInstanceUID=derived_uid("study", "two"), SOPInstanceUID=image)
    assert moved(workstation, identifier).completed == 1
    assert image in receiver.received


def test_an_unknown_destination_is_told_so(workstation, cast, destination):
    hold_series(cast.county, 1)

    with pytest.raises(NotFound):
        moved(workstation, to="NOWHERE")
    destination.roles = []
    destination.save()
    with pytest.raises(NotFound):
        moved(workstation)


def test_a_request_without_its_unique_key_is_refused(workstation, destination):
    with pytest.raises(InvalidInput, match="0xA900"):
        moved(workstation, study_query(PatientID="P1"))


def test_a_study_does_not_go_to_a_site_that_may_not_see_it(workstation, cast, destination, receiver):
    hold_series(cast.county, 1)
    destination.site = cast.elsewhere
    destination.save()

    with pytest.raises(InvalidInput, match="0x0124"):
        moved(workstation)
    assert receiver.received == {}


def test_what_another_site_holds_is_not_there_to_be_moved(workstation, cast, destination, receiver):
    hold_series(cast.elsewhere, 2)

    assert moved(workstation).completed == 0
    assert receiver.received == {}


def test_instances_that_fail_are_counted_and_named(workstation, cast, destination, receiver):
    hold_series(cast.county, SLICES)
    bad = derived_uid("study", "series", 2)
    receiver.before = lambda uid: (
        0xA700 if uid == bad else 0xB000 if uid.endswith(derived_uid("study", "series", 3)) else 0
    )

    outcome = moved(workstation)

    assert outcome.status == 0xB000
    assert (outcome.completed, outcome.failed, outcome.warning) == (SLICES - 2, 1, 1)
    assert outcome.failed_uids == (bad,)


def test_a_destination_that_cannot_be_reached_fails_every_suboperation(workstation, cast, destination):
    hold_series(cast.county, 2)
    destination.port = 1
    destination.save()

    with pytest.raises(Unavailable, match="0xA702"):
        moved(workstation)


def test_a_retrieval_that_is_cancelled_stops(workstation, cast, destination, receiver):
    hold_series(cast.county, 40)
    cancelled = threading.Event()
    seen = threading.Event()

    def slowly(_uid):
        seen.set()
        cancelled.wait(0.05)
        return 0

    receiver.before = slowly
    with associate(workstation, MOVE) as assoc:
        responses = assoc.send_c_move(study(), "READER", STUDY_ROOT_MOVE, msg_id=9)
        first, _ = next(responses)
        assert seen.wait(10)
        assoc.send_c_cancel(9, None, STUDY_ROOT_MOVE)
        last = [answer for answer, _ in responses][-1]

    assert first.NumberOfRemainingSuboperations == 40
    assert last.Status == 0xFE00
    assert last.NumberOfRemainingSuboperations > 0
    assert last.NumberOfRemainingSuboperations + last.NumberOfCompletedSuboperations == 40
    assert len(receiver.received) < 40


def test_a_peer_that_takes_no_compression_gets_the_same_pixels(workstation, cast):
    plain = ct_slice(1)
    compressed = ct_slice(2)
    compressed.compress(RLELossless, generate_instance_uid=False)
    hold(cast.county, plain, compressed)
    receiver = Receiver()
    with receiving("READER", receiver, syntaxes=[ImplicitVRLittleEndian]) as port:
        ApplicationEntity.objects.create(
            ae_title="READER", site=cast.county, roles=[AERole.STORAGE_SCP], host="127.0.0.1", port=port
        )
        assert moved(workstation).completed == 2

    uid = compressed.SOPInstanceUID
    head = part10_head(sop_class_uid="", sop_instance_uid="", transfer_syntax_uid=ImplicitVRLittleEndian)
    arrived = dcmread(io.BytesIO(head + receiver.received[uid]))
    assert set(receiver.syntaxes.values()) == {ImplicitVRLittleEndian}
    assert (arrived.pixel_array == 2).all()
    assert arrived.SOPInstanceUID == uid


@pytest.mark.skipif(not installed(GETSCU), reason="DCMTK is not installed")
@pytest.mark.parametrize("model", ["-S", "-P"])
def test_dcmtk_gets_a_study_back_over_its_own_association(workstation, cast, tmp_path, model):
    stored = hold_series(cast.county, SLICES)
    keys = [
        "-k",
        "QueryRetrieveLevel=STUDY",
        "-k",
        f"StudyInstanceUID={derived_uid('study')}",
        "-k",
        "PatientID=P1",
    ]

    result = dcmtk(
        GETSCU, workstation, model, "+B", "-od", tmp_path, *keys, workstation.host, workstation.port
    )

    assert result.returncode == 0, result.stdout + result.stderr
    got = folder_of(tmp_path)
    assert len(got) == SLICES
    assert sorted(data_set(path.read_bytes()) for path in got) == sorted(map(data_set, stored))


@pytest.mark.skipif(not installed(MOVESCU), reason="DCMTK is not installed")
def test_dcmtk_moves_a_study_to_itself(workstation, modality, cast, tmp_path):
    hold_series(cast.county, SLICES)
    modality.roles, modality.host, modality.port = (
        [AERole.QUERY_SCU, AERole.STORAGE_SCP],
        "127.0.0.1",
        free_port(),
    )
    modality.save()
    keys = ["-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={derived_uid('study')}"]

    result = dcmtk(
        MOVESCU, workstation, "-v", "-S", "-od", tmp_path, "+P", modality.port, "-aem", modality.ae_title, *keys,
        workstation.host, workstation.port,
    )  # fmt: skip

    assert result.returncode == 0, result.stdout + result.stderr
    assert len(folder_of(tmp_path)) == SLICES


@pytest.mark.skipif(not installed(MOVESCU), reason="DCMTK is not installed")
def test_dcmtk_is_told_of_an_unknown_destination(workstation, cast):
    hold_series(cast.county, 1)
    keys = ["-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={derived_uid('study')}"]

    result = dcmtk(
        MOVESCU, workstation, "-d", "-S", "-aem", "NOWHERE", *keys, workstation.host, workstation.port
    )

    assert "0xa801" in (result.stdout + result.stderr).lower()


@pytest.mark.stack
def test_killed_in_the_middle_of_a_move_the_peer_sees_it_and_a_repeat_completes(
    start_daemon, modality, cast, destination, receiver, settings
):
    count = 60
    hold_series(cast.county, count)
    modality.roles = [AERole.QUERY_SCU]
    modality.save()
    gate = threading.Event()
    receiver.before = lambda _uid: int(gate.wait(0.03)) * 0
    daemon = start_daemon()
    peer = Peer("127.0.0.1", daemon.port, settings.DICOM_AE_TITLE, modality.ae_title, timeout_s=10)
    failures = []

    def ask():
        try:
            moved(peer)
        except (Unavailable, InvalidInput) as error:
            failures.append(error)

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    wait_until(lambda: len(receiver.received) >= 5)
    daemon.kill(signal.SIGKILL)
    asking.join(timeout=20)

    assert not asking.is_alive()
    assert len(failures) == 1
    assert 5 <= len(receiver.received) < count

    gate.set()
    start_daemon(daemon.port)
    outcome = moved(peer)

    assert (outcome.status, outcome.completed) == (0x0000, count)
    assert len(receiver.received) == count
    assert set(receiver.received.values()) == {
        data_set(read_object(key)) for key in Instance.objects.values_list("storage_key", flat=True)
    }
    echo(peer)


def free_port() -> int:
    import socket  # noqa: PLC0415

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
