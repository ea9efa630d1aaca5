"""Peers that mean harm, or are broken enough to do it: each is turned away, in bounded memory, and others are served.

TLS peers are the secure listener's tests; damaged objects are the corpus'.
"""

import contextlib
import resource
import socket
import struct
import time
import zlib

import pytest
from pydicom.uid import CTImageStorage, DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian
from pynetdicom.presentation import build_context

from accounts.models import AuditEvent
from archive.storage import admission
from archive.storage.models import Segment, SegmentCopy
from archive.storage.objects import read_object
from archive.studies.models import Instance, RejectedObject
from common.errors import NotPermitted, Unavailable
from common.uids import derived_uid
from integrations.dicom.scu.association import associate
from integrations.dicom.scu.echo import echo
from integrations.dicom.scu.store import StorageSCU
from tests.archive.studies.objects import ct_slice, part10
from tests.waiting import wait_until

CONTEXT = [build_context(CTImageStorage, ExplicitVRLittleEndian)]
ELSEWHERE = "127.0.0.2"  # the whole of 127/8 is this machine's
UID = derived_uid("study", "series", 1)


def encoded(dataset) -> bytes:
    data = part10(dataset)
    return data[144 + int.from_bytes(data[140:144], "little") :]


def send(peer, data, *, syntax=ExplicitVRLittleEndian, sop_class=CTImageStorage):
    with associate(peer, [build_context(sop_class, syntax)]) as assoc:
        return StorageSCU(assoc).send_encoded(
            data, sop_class_uid=sop_class, sop_instance_uid=UID, transfer_syntax_uid=syntax
        )


def is_served(peer) -> bool:
    return bool(send(peer, encoded(ct_slice(1))) == 0x0000)


def is_hung_up(wire, within_s=8.0) -> bool:
    """Whether the other end closes, with or without an A-ABORT before."""
    wire.settimeout(within_s)
    with contextlib.suppress(ConnectionError):
        while wire.recv(4096):
            continue
    return True


@contextlib.contextmanager
def associated(peer):
    """The bare socket of an association with one CT context, of ID 1."""
    items = item(0x10, b"1.2.840.10008.3.1.1.1")
    syntaxes = item(0x30, CTImageStorage.encode()) + item(0x40, ExplicitVRLittleEndian.encode())
    items += item(0x20, b"\1\0\0\0" + syntaxes) + item(0x50, item(0x51, struct.pack(">L", 16384)))
    titles = f"{peer.called_ae_title:16}{peer.calling_ae_title:16}".encode()
    body = struct.pack(">HH", 1, 0) + titles + bytes(32) + items
    with socket.create_connection((peer.host, peer.port)) as wire:
        wire.sendall(struct.pack(">BBL", 1, 0, len(body)) + body)
        kind, _reserved, length = struct.unpack(">BBL", wire.recv(6, socket.MSG_WAITALL))
        wire.recv(length, socket.MSG_WAITALL)
        assert kind == 2
        yield wire


def item(kind: int, value: bytes) -> bytes:
    return struct.pack(">BBH", kind, 0, len(value)) + value


def p_data(control: int, fragment: bytes) -> bytes:
    value = struct.pack(">LBB", len(fragment) + 2, 1, control) + fragment
    return struct.pack(">BBL", 4, 0, len(value)) + value


def store_command() -> bytes:
    class_uid = CTImageStorage.encode() + b"\0" * (len(CTImageStorage) % 2)
    elements = [(0x0002, class_uid), (0x0100, b"\1\0"), (0x0110, b"\1\0"), (0x0800, b"\0\0")]
    return b"".join(struct.pack("<HHL", 0, tag, len(value)) + value for tag, value in elements)


def grown_mb(act) -> float:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    act()
    return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024


def test_who_connects_and_says_nothing_is_hung_up_on(peer, monkeypatch):
    monkeypatch.setattr("integrations.dicom.scp.association.NEGOTIATED_WITHIN_S", 0.3)

    with socket.create_connection((peer.host, peer.port)) as silent:
        assert is_hung_up(silent)


def test_who_trickles_in_a_request_is_hung_up_on(peer, monkeypatch):
    monkeypatch.setattr("integrations.dicom.scp.association.NEGOTIATED_WITHIN_S", 0.5)

    with socket.create_connection((peer.host, peer.port)) as slow:
        slow.sendall(struct.pack(">BBL", 1, 0, 2000) + b"\0\1")
        assert is_hung_up(slow)


def test_many_silent_connections_from_elsewhere_take_nothing_from_others(peer):
    with contextlib.ExitStack() as stack:
        silent = [
            stack.enter_context(
                socket.create_connection((peer.host, peer.port), source_address=(ELSEWHERE, 0))
            )
            for _ in range(60)
        ]

        assert is_served(peer)
        assert sum(is_hung_up(wire, within_s=1.0) for wire in silent[-30:]) == 30


def test_half_a_pdu_is_waited_for_only_so_long(peer, monkeypatch):
    monkeypatch.setattr("integrations.dicom.scp.wire.STALLED_S", 1)

    with associated(peer) as wire:
        wire.sendall(p_data(3, store_command()))
        wire.sendall(p_data(0, b"\0" * 1000)[:500])
        assert is_hung_up(wire)
    assert is_served(peer)


def test_a_message_that_trickles_in_is_cut_off(peer, monkeypatch):
    monkeypatch.setattr("integrations.dicom.scp.wire.STALLED_S", 1)

    with associated(peer) as wire:
        wire.sendall(p_data(3, store_command()))
        with pytest.raises(ConnectionError):
            trickle(wire, for_s=20)
    assert is_served(peer)


def trickle(wire, *, for_s):
    deadline = time.monotonic() + for_s
    while time.monotonic() < deadline:
        wire.sendall(p_data(0, b"\0"))
        time.sleep(0.02)  # the pace is what is tested


@pytest.mark.parametrize(
    "bomb",
    [
        struct.pack(">BBL", 4, 0, 0xFFFFFFF0),
        struct.pack(">BBLLBB", 4, 0, 6, 0xFFFFFFF0, 1, 0),
        struct.pack(">BBLLBB", 4, 0, 6, 1, 1, 0),
        struct.pack(">BBLL", 4, 0, 4, 2),
        p_data(3, struct.pack("<HHL", 0, 0x0002, 0xFFFFFFF0)),
        p_data(2, b"a data set nobody announced"),
        b"".join(p_data(1, b"\0" * 60_000) for _ in range(3)),
    ],
    ids=["long PDU", "long PDV", "short PDV", "half a PDV", "long element", "no command", "long command"],
)
def test_lengths_that_lie_end_the_association_and_cost_no_memory(peer, bomb):
    def explode():
        with associated(peer) as wire:
            wire.sendall(bomb)
            assert is_hung_up(wire)

    assert grown_mb(explode) < 40
    assert is_served(peer)


def test_an_identifier_without_end_is_cut_off(peer):
    find = store_command().replace(b"\0\0\0\1\2\0\0\0\1\0", b"\0\0\0\1\2\0\0\0\x20\0")

    with associated(peer) as wire:
        with contextlib.suppress(OSError):
            wire.sendall(p_data(3, find))
            for _ in range(200):
                wire.sendall(p_data(0, b"\0" * 100_000))
        assert is_hung_up(wire)
    assert is_served(peer)


def test_a_node_has_so_many_associations_and_no_more(peer, modality):
    modality.maximum_associations = 2
    modality.save()

    with associate(peer, CONTEXT), associate(peer, CONTEXT):
        with pytest.raises(Unavailable):
            echo(peer)
        wait_until(lambda: AuditEvent.objects.filter(action="association.refused").exists())
        line = AuditEvent.objects.get(action="association.refused")
        assert line.detail["reason"] == "ASSOCIATION_LIMIT"
    assert is_served(peer)


def test_an_address_that_is_not_the_nodes_is_not_let_in(peer, modality):
    modality.allowed_addresses = ["10.20.0.0/16"]
    modality.save()
    with pytest.raises(NotPermitted):
        echo(peer)

    modality.allowed_addresses = ["127.0.0.0/8"]
    modality.save()
    echo(peer)


def nested(depth: int, *, is_defined: bool) -> bytes:
    """A private sequence in a sequence in a sequence ..., of defined or undefined lengths."""
    content = b""
    for _ in range(depth):
        if is_defined:
            item = struct.pack("<HHL", 0xFFFE, 0xE000, len(content)) + content
            content = struct.pack("<HH2sHL", 0x0040, 0xA730, b"SQ", 0, len(item)) + item
        else:
            item = struct.pack("<HHL", 0xFFFE, 0xE000, 0xFFFFFFFF) + content
            item += struct.pack("<HHLHHL", 0xFFFE, 0xE00D, 0, 0xFFFE, 0xE0DD, 0)
            content = struct.pack("<HH2sHL", 0x0040, 0xA730, b"SQ", 0, 0xFFFFFFFF) + item
    return content


@pytest.mark.parametrize("is_defined", [True, False], ids=["defined length", "undefined length"])
def test_sequences_as_deep_as_a_well_are_refused_and_reasonable_ones_taken(peer, is_defined):
    plain = encoded(ct_slice(1, PixelData=None))

    assert send(peer, plain + nested(2000, is_defined=is_defined)) == 0xC000
    assert RejectedObject.objects.get().code == "DATA_SET_TOO_DEEP"
    assert send(peer, plain + nested(20, is_defined=is_defined)) == 0x0000


def deflated(data: bytes) -> bytes:
    packer = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


def test_a_deflated_object_that_blows_up_is_refused_without_being_held(peer, monkeypatch):
    monkeypatch.setattr("archive.studies.header._LARGEST_INFLATED", 64 << 20)
    packer = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    head = encoded(ct_slice(1, PixelData=None)) + struct.pack("<HH2sHL", 0x7FE0, 0x10, b"OW", 0, 1 << 28)
    bomb = packer.compress(head)
    for _ in range(256):
        bomb += packer.compress(bytes(1 << 20))
    bomb += packer.flush()
    assert len(bomb) < 1 << 20

    assert grown_mb(lambda: send(peer, bomb, syntax=DeflatedExplicitVRLittleEndian)) < 40

    assert RejectedObject.objects.get().code == "DATA_SET_TOO_LARGE"


def test_a_deflated_object_larger_than_the_window_is_still_checked_and_taken(peer, monkeypatch):
    monkeypatch.setattr("archive.studies.header._HEAD_INFLATED", 2000)
    data = deflated(encoded(ct_slice(1, PixelData=bytes(100_000))))

    assert send(peer, data, syntax=DeflatedExplicitVRLittleEndian) == 0x0000
    assert read_object(Instance.objects.get().storage_key).endswith(data)


def test_an_object_too_large_for_memory_goes_by_way_of_a_file(peer):
    data = encoded(ct_slice(1, PixelData=bytes(range(256)) * 100_000))

    assert grown_mb(lambda: send(peer, data)) < 120  # most of it the sender's own copies

    key = Instance.objects.get().storage_key
    assert read_object(key).endswith(data)
    segment = Segment.objects.get(key=key)
    assert segment.sealed_at is not None
    assert segment.copies.get().state == SegmentCopy.State.HELD
    assert segment.copies.get().bytes_done == segment.size_bytes == len(read_object(key))


def test_a_large_object_counts_against_the_sites_quota(peer, monkeypatch):
    def refuse(_site, size_bytes):
        raise Unavailable(f"{size_bytes} bytes are too many", code="STORAGE_QUOTA")

    monkeypatch.setattr(admission, "_gates", [refuse])

    assert send(peer, encoded(ct_slice(1, PixelData=bytes(25 << 20)))) == 0xA700

    assert not Instance.objects.exists()
    assert not Segment.objects.exists()


def test_an_object_larger_than_any_is_refused(peer, settings):
    settings.DICOM_LARGEST_OBJECT_MIB = 10

    assert send(peer, encoded(ct_slice(1, PixelData=bytes(25 << 20)))) == 0xC000

    assert RejectedObject.objects.get().code == "OBJECT_TOO_LARGE"
    assert is_served(peer)


def test_private_classes_and_syntaxes_are_taken_where_they_are_listed(peer, settings):
    private_class, private_syntax = "1.3.46.670589.5.0.14", "1.2.840.113619.5.2"
    data = encoded(ct_slice(1, SOPClassUID=private_class))
    with pytest.raises(NotPermitted):
        send(peer, data, sop_class=private_class)

    settings.DICOM_PRIVATE_SOP_CLASSES = ["1.3.46.670589.*"]
    assert send(peer, data, sop_class=private_class) == 0x0000

    with pytest.raises(NotPermitted):
        send(peer, data, sop_class=private_class, syntax=private_syntax)
    settings.DICOM_PRIVATE_TRANSFER_SYNTAXES = [private_syntax]
    assert send(peer, data, sop_class=private_class, syntax=private_syntax) in {0x0000, 0x0111}


def test_the_listener_serves_on_after_all_of_it(peer):
    for _ in range(20):
        with associated(peer) as wire:
            wire.sendall(p_data(3, store_command())[:-3])
    assert is_served(peer)
    wait_until(lambda: Instance.objects.count() == 1)
