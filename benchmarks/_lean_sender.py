"""A C-STORE sender that costs next to nothing. `python -m benchmarks._lean_sender PORT SLICES ASSOCIATIONS TAG`.

The peer of the durable run writes what it has in memory; so this sends what it has in memory: PDUs put together
before the clock starts, one association a thread, the next object after each response. Prints the seconds from the
first byte to the last response; ends with status 1 unless every response says Success.

Reference  PS3.8 §9.3.2 (A-ASSOCIATE-RQ), §9.3.5 (P-DATA-TF), PS3.7 §9.3.1.1 (C-STORE-RQ)
"""

from __future__ import annotations

import socket
import struct
import sys
import threading
import time

from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

from benchmarks._slices import CALLING, fresh_slices

_FRAGMENT = 131072 - 6
_APPLICATION_CONTEXT = "1.2.840.10008.3.1.1.1"
_SUCCESS = struct.pack("<HHLH", 0, 0x0900, 2, 0)


def main(port: int, slices: int, associations: int, tag: str) -> int:
    queues = [_messages(f"{tag}{number}", slices // associations) for number in range(associations)]
    peers = [_associated(port) for _ in queues]
    failures: list[str] = []
    threads = [
        threading.Thread(target=_send, args=(peer, messages, failures))
        for peer, messages in zip(peers, queues, strict=True)
    ]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(time.perf_counter() - began)
    for peer in peers:
        peer.sendall(struct.pack(">BBLL", 5, 0, 4, 0))
        peer.recv(10)
        peer.close()
    return 1 if failures else 0


def _send(peer: socket.socket, messages: list[bytes], failures: list[str]) -> None:
    for message in messages:
        peer.sendall(message)
        head = peer.recv(6, socket.MSG_WAITALL)
        if len(head) < 6 or head[0] != 4:
            failures.append("no response")
            return
        response = peer.recv(struct.unpack(">L", head[2:])[0], socket.MSG_WAITALL)
        if _SUCCESS not in response:
            failures.append("refused")


def _messages(tag: str, count: int) -> list[bytes]:
    """C-STORE-RQ and data set of each object, as they go onto the wire."""
    return [
        _command(number, uid) + _data_set(body)
        for number, (uid, body) in enumerate(fresh_slices(tag, count), start=1)
    ]


def _command(number: int, uid: str) -> bytes:
    values = [
        (0x0002, _even(CTImageStorage)), (0x0100, b"\1\0"), (0x0110, struct.pack("<H", number)),
        (0x0700, b"\0\0"), (0x0800, b"\0\0"), (0x1000, _even(uid)),
    ]  # fmt: skip
    body = b"".join(struct.pack("<HHL", 0, tag, len(value)) + value for tag, value in values)
    return _pdu(3, struct.pack("<HHLL", 0, 0, 4, len(body)) + body)


def _data_set(body: bytes) -> bytes:
    pieces = [body[at : at + _FRAGMENT] for at in range(0, len(body), _FRAGMENT)]
    return b"".join(_pdu(2 if piece is pieces[-1] else 0, piece) for piece in pieces)


def _pdu(control: int, fragment: bytes) -> bytes:
    return struct.pack(">BBLLBB", 4, 0, len(fragment) + 6, len(fragment) + 2, 1, control) + fragment


def _associated(port: int) -> socket.socket:
    """A connection on which CT Image Storage was agreed in Explicit VR Little Endian."""
    syntaxes = _item(0x30, CTImageStorage.encode()) + _item(0x40, ExplicitVRLittleEndian.encode())
    context = _item(0x20, b"\1\0\0\0" + syntaxes)
    user = _item(0x51, struct.pack(">L", 131072)) + _item(0x52, b"1.2.826.0.1.3680043.9.1")
    items = _item(0x10, _APPLICATION_CONTEXT.encode()) + context + _item(0x50, user)
    titles = b"CONSILIUM".ljust(16) + CALLING.encode().ljust(16)
    request = struct.pack(">HH", 1, 0) + titles + bytes(32) + items
    peer = socket.create_connection(("127.0.0.1", port))
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    peer.sendall(struct.pack(">BBL", 1, 0, len(request)) + request)
    head = peer.recv(6, socket.MSG_WAITALL)
    if head[0] != 2:
        raise SystemExit("the association was refused")
    peer.recv(struct.unpack(">L", head[2:])[0], socket.MSG_WAITALL)
    return peer


def _item(kind: int, body: bytes) -> bytes:
    return struct.pack(">BBH", kind, 0, len(body)) + body


def _even(uid: str) -> bytes:
    return uid.encode() + b"\0" * (len(uid) % 2)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]))
