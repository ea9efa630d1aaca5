"""The listener over loopback: our own SCU, DCMTK's tools, and peers that misbehave."""

import dataclasses
import errno
import hashlib
import shutil
import socket
import struct
import subprocess
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError
from pydicom import dcmread
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian
from pynetdicom.presentation import build_context

from accounts.actors import SystemActor
from accounts.models import AuditEvent
from archive.storage.backends import default_storage
from archive.storage.models import Segment
from archive.storage.objects import object_exists, open_object, read_object
from archive.studies.models import Instance, RejectedObject, Series, Study
from archive.studies.services import store_part10
from common.errors import NotPermitted, Unavailable
from common.uids import derived_uid
from integrations.dicom.models import AERole
from integrations.dicom.scp import wire
from integrations.dicom.scu.association import Peer, associate
from integrations.dicom.scu.echo import echo
from integrations.dicom.scu.store import StorageSCU, contexts_for, stored_files
from integrations.simulators.modality import send_study
from tests.archive.studies.objects import ct_slice, part10
from tests.waiting import wait_until

CONTEXT = [build_context(CTImageStorage, ExplicitVRLittleEndian)]
DCMTK = pytest.mark.skipif(not Path("/usr/bin/storescu").exists(), reason="DCMTK is not installed")


def encoded(dataset) -> bytes:
    """The data set alone, as it goes over the wire."""
    data = part10(dataset)
    return data[144 + int.from_bytes(data[140:144], "little") :]


def send(peer, *data_sets: bytes, uid=None):
    with associate(peer, CONTEXT) as assoc:
        scu = StorageSCU(assoc)
        return [
            scu.send_encoded(
                data,
                sop_class_uid=CTImageStorage,
                sop_instance_uid=uid or derived_uid("study", "series", number),
                transfer_syntax_uid=ExplicitVRLittleEndian,
            )
            for number, data in enumerate(data_sets, start=1)
        ]


def wire_of(assoc):
    return assoc.dul.socket.socket


def dcmtk(tool: str, peer: Peer, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [f"/usr/bin/{tool}", "-aet", peer.calling_ae_title, "-aec", peer.called_ae_title]
    return subprocess.run(
        [*command, *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False
    )


def test_the_listener_answers_echo_and_a_closed_port_does_not(peer):
    echo(peer)

    with socket.socket() as unused:
        unused.bind((peer.host, 0))
        nobody = dataclasses.replace(peer, port=unused.getsockname()[1])
        with pytest.raises(Unavailable):
            echo(nobody)


def test_no_answer_waits_for_more_to_fill_its_packet(peer, monkeypatch):
    delays: list[int] = []

    def prepare(client):
        wire.prepare(client)
        delays.append(client.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))

    monkeypatch.setattr("integrations.dicom.scp.association.prepare", prepare)

    with associate(peer, CONTEXT) as assoc:
        assert wire_of(assoc).getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
    assert delays == [1]


def test_success_means_the_bytes_are_stored_as_received_and_indexed(peer):
    data = encoded(ct_slice(1))

    assert send(peer, data) == [0x0000]

    instance = Instance.objects.get()
    stored = read_object(instance.storage_key)
    assert stored.endswith(data)
    assert hashlib.sha256(stored).hexdigest() == instance.sha256
    kept = dcmread(open_object(instance.storage_key))
    assert kept.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
    assert kept.file_meta.MediaStorageSOPInstanceUID == instance.sop_instance_uid
    assert kept.PatientName == ct_slice(1).PatientName


def test_sending_twice_is_success_twice_and_one_instance(peer):
    data = encoded(ct_slice(1))

    assert send(peer, data) + send(peer, data) == [0x0000, 0x0000]
    assert Instance.objects.count() == 1


def test_an_object_that_was_stored_from_a_file_may_be_sent_again(peer, cast):
    store_part10(part10(ct_slice(1)), site=cast.county, actor=SystemActor("test"))

    assert send(peer, encoded(ct_slice(1))) == [0x0000]
    assert send(peer, encoded(ct_slice(1, PatientID="P2"))) == [0x0111]

    assert Instance.objects.count() == 1


def test_other_content_under_a_known_uid_is_refused_and_kept(peer):
    send(peer, encoded(ct_slice(1)))

    assert send(peer, encoded(ct_slice(1, PatientID="P2"))) == [0x0111]

    rejected = RejectedObject.objects.get()
    assert rejected.code == "DUPLICATE_SOP_INSTANCE"
    assert rejected.site is not None
    assert rejected.site.code == "county"
    assert object_exists(rejected.storage_key)


def test_a_bad_object_between_good_ones_is_refused_alone(peer):
    good, bad = encoded(ct_slice(1)), encoded(ct_slice(2))[:-50]

    assert send(peer, good, bad, encoded(ct_slice(3))) == [0x0000, 0xC000, 0x0000]

    rejected = RejectedObject.objects.get()
    assert rejected.code == "DATA_SET_DAMAGED"
    assert read_object(rejected.storage_key).endswith(bad)


def test_an_object_that_is_not_what_the_request_says_is_refused(peer):
    assert send(peer, encoded(ct_slice(2))) == [0xA900]
    assert RejectedObject.objects.get().code == "SOP_MISMATCH"


def test_a_uid_that_tries_to_be_a_path_stays_a_string(peer):
    trick = "../../../../tmp/helper"

    assert send(
        peer, encoded(ct_slice(1)).replace(derived_uid("study", "series", 1).encode(), b"1" * 0), uid=trick
    )

    assert not Instance.objects.exists()
    assert RejectedObject.objects.get().sop_instance_uid == trick


def test_a_defect_is_answered_and_the_association_lives(peer, monkeypatch):
    monkeypatch.setattr("integrations.ingest.begin_storing", lambda *_a, **_k: 1 / 0)
    with associate(peer, CONTEXT) as assoc:
        scu = StorageSCU(assoc)
        facts: dict[str, Any] = {
            "sop_class_uid": CTImageStorage,
            "transfer_syntax_uid": ExplicitVRLittleEndian,
        }
        uid = derived_uid("study", "series", 1)
        first = scu.send_encoded(encoded(ct_slice(1)), sop_instance_uid=uid, **facts)
        monkeypatch.undo()
        second = scu.send_encoded(encoded(ct_slice(1)), sop_instance_uid=uid, **facts)

    assert first == 0xC211
    assert second in {0x0000, 0xC211, 0xA700}


def test_a_lost_database_asks_to_try_later(peer, monkeypatch):
    def lost(*_arguments, **_keywords):
        raise OperationalError("gone")

    monkeypatch.setattr("integrations.ingest.begin_storing", lost)

    assert send(peer, encoded(ct_slice(1))) == [0xA700]
    assert not RejectedObject.objects.exists()


def test_a_full_disk_asks_to_try_later(peer, monkeypatch):
    full = OSError(errno.ENOSPC, "full")
    monkeypatch.setattr("archive.storage.segments.os.pwritev", lambda *_a: (_ for _ in ()).throw(full))
    assert send(peer, encoded(ct_slice(1))) == [0xA700]
    monkeypatch.undo()

    assert send(peer, encoded(ct_slice(1))) == [0x0000]
    assert Segment.objects.count() == 1  # what came to nothing left nothing


def test_a_stranger_is_refused_and_leaves_a_line_in_the_audit_trail(peer):
    stranger = Peer(peer.host, peer.port, peer.called_ae_title, "STRANGER", timeout_s=10)

    with pytest.raises(NotPermitted):
        echo(stranger)

    wait_until(lambda: AuditEvent.objects.filter(action="association.refused").exists())
    line = AuditEvent.objects.get(action="association.refused")
    assert (line.object_uid, line.outcome, line.detail["reason"]) == (
        "STRANGER", "refused", "CALLING_AE_UNKNOWN",
    )  # fmt: skip


def test_a_peer_that_calls_somebody_else_is_refused(peer):
    with pytest.raises(NotPermitted):
        echo(Peer(peer.host, peer.port, "OTHERPACS", peer.calling_ae_title, timeout_s=10))


def test_an_ae_that_may_only_read_the_worklist_may_not_store(peer, modality):
    modality.roles = [AERole.WORKLIST_SCU]
    modality.save()

    assert send(peer, encoded(ct_slice(1))) == [0x0124]


def test_one_audit_line_sums_up_an_association(peer):
    send(peer, encoded(ct_slice(1)), encoded(ct_slice(2))[:-9], encoded(ct_slice(3)))

    answers = {"0x0000": 2, "0xC000": 1}  # an association of a test before may be told late
    lines = AuditEvent.objects.filter(action="association.stored", detail__answers=answers)
    wait_until(lines.exists)
    assert lines.count() == 1


def test_a_released_association_has_sent_all_it_had(peer):
    send(peer, encoded(ct_slice(1)), encoded(ct_slice(2)))

    wait_until(lambda: AuditEvent.objects.filter(action="association.stored").exists())
    assert not Series.objects.get().is_sending


def test_an_association_that_breaks_off_may_have_more_to_send(peer):
    with associate(peer, CONTEXT) as assoc:
        StorageSCU(assoc).send_encoded(
            encoded(ct_slice(1)),
            sop_class_uid=CTImageStorage,
            sop_instance_uid=derived_uid("study", "series", 1),
            transfer_syntax_uid=ExplicitVRLittleEndian,
        )
        assert Series.objects.get().is_sending
        assoc.abort()

    wait_until(lambda: AuditEvent.objects.filter(action="association.stored").exists())
    assert Series.objects.get().is_sending


@pytest.mark.parametrize(
    "rubbish",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x01\x00\xff\xff\xff\xff" + b"\0" * 100,
        b"\x04\x00\x00\x00\x00\x06\xff\xff\xff\xff\x01\x03",
        b"\x09" * 64,
        b"",
    ],
)
def test_rubbish_on_the_port_does_not_stop_the_listener(peer, rubbish):
    with socket.create_connection((peer.host, peer.port)) as wire:
        wire.sendall(rubbish)

    assert send(peer, encoded(ct_slice(1))) == [0x0000]


def test_a_pdu_that_lies_about_its_pdvs_ends_that_association_only(peer):
    with associate(peer, CONTEXT) as assoc:
        wire_of(assoc).sendall(struct.pack(">BBLLBB", 4, 0, 6, 4000, 1, 3))
        wait_until(lambda: assoc.is_aborted)

    assert send(peer, encoded(ct_slice(1))) == [0x0000]


def test_a_peer_that_hangs_up_in_mid_object_leaves_nothing_behind(peer):
    data = encoded(ct_slice(1))
    with associate(peer, CONTEXT) as assoc:
        command = struct.pack("<HHLH", 0, 0x0100, 2, 1) + struct.pack("<HHLH", 0, 0x0800, 2, 0)
        command += struct.pack("<HHL", 0, 0x0002, len(CTImageStorage) + 1) + CTImageStorage.encode() + b"\0"
        value = struct.pack(">LBB", len(command) + 2, 1, 3) + command
        part = struct.pack(">LBB", 102, 1, 0) + data[:100]
        wire = wire_of(assoc)
        wire.sendall(struct.pack(">BBL", 4, 0, len(value)) + value)
        wire.sendall(struct.pack(">BBL", 4, 0, len(part)) + part)
        assoc.abort()

    echo(peer)
    incoming = default_storage().path("sha256/000/" + "0" * 64).parents[2] / "incoming"
    wait_until(lambda: not list(incoming.glob("*")))
    assert not Instance.objects.exists()


def test_a_real_ct_arrives_whole_in_its_compressed_syntax(peer, shared_data):
    files = stored_files(shared_data / "volumes" / "ct_chest")

    outcome = send_study(peer, files)

    assert outcome.sent == len(files) == 237
    assert Instance.objects.count() == 237
    assert Series.objects.count() == Study.objects.count() == 1
    assert set(Instance.objects.values_list("transfer_syntax_uid", flat=True)) == {"1.2.840.10008.1.2.4.80"}


@DCMTK
def test_dcmtk_finds_the_listener_there(peer):
    assert dcmtk("echoscu", peer, peer.host, peer.port).returncode == 0


@DCMTK
def test_dcmtk_stores_and_the_series_reads_back(peer, tmp_path):
    for number in range(1, 6):
        (tmp_path / f"{number}.dcm").write_bytes(part10(ct_slice(number)))

    result = dcmtk("storescu", peer, "+sd", peer.host, peer.port, tmp_path)

    assert result.returncode == 0, result.stderr
    assert Instance.objects.count() == 5


def test_the_same_slice_is_taken_in_many_transfer_syntaxes(peer, shared_data):
    folder = shared_data / "dicom" / "transfer_syntax" / "ct_same_slice"
    files = stored_files(folder)
    with associate(peer, contexts_for(files)) as assoc:
        statuses = [StorageSCU(assoc).send(file) for file in files]

    # The slices share one SOP Instance UID in places: the first of each UID is kept, another is refused.
    uids = {file.sop_instance_uid for file in files}
    assert statuses.count(0x0000) == len(uids)
    assert set(statuses) <= {0x0000, 0x0111}
    assert len({file.transfer_syntax_uid for file in files}) >= 10


@DCMTK
def test_dcmtk_sending_every_malformed_object_leaves_the_listener_serving(peer, shared_data, tmp_path):
    shutil.copytree(shared_data / "dicom" / "malformed", tmp_path / "malformed")

    for path in sorted((tmp_path / "malformed").iterdir()):
        dcmtk("storescu", peer, "-xs", peer.host, peer.port, path)

    assert send(peer, encoded(ct_slice(1))) == [0x0000]
