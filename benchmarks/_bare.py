"""The floor: a C-STORE receiver of sockets, PDUs and files alone. `python -m benchmarks._bare PORT FOLDER`.

Plain sockets, 128 KiB PDUs, a process an association, bytes to a file each, no index, no fsync, no check of
anything: what a Python process needs for the same bytes when it does nothing else.
"""

from __future__ import annotations

import itertools
import os
import signal
import socket
import struct
import sys
from pathlib import Path

_PDU, _PDV = struct.Struct(">BBL"), struct.Struct(">LBB")
_MAXIMUM_PDU = 131072


def main(port: int, folder: Path) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.create_server(("127.0.0.1", port), backlog=64) as listening:
        while True:
            peer, _address = listening.accept()
            if not os.fork():
                listening.close()
                _serve(peer, folder)
                os._exit(0)
            peer.close()


def _serve(peer: socket.socket, folder: Path) -> None:
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    buffer = memoryview(bytearray(8 << 20))
    numbers, filled, command = itertools.count(), 0, b""
    while True:
        head = _read(peer, buffer[: _PDU.size])
        if len(head) < _PDU.size:
            return
        kind, _reserved, left = _PDU.unpack(head)
        if kind != 4:
            body = bytes(_read(peer, buffer[:left]))
            if kind not in (1, 5):
                return
            peer.sendall(_accept(body) if kind == 1 else struct.pack(">BBLL", 6, 0, 4, 0))
            continue
        while left:
            length, context_id, control = _PDV.unpack(_read(peer, buffer[filled : filled + _PDV.size]))
            left -= length + 4
            if control & 1:
                command = bytes(_read(peer, buffer[: length - 2]))
                continue
            _read(peer, buffer[filled : filled + length - 2])
            filled += length - 2
            if control & 2:
                with (folder / f"{os.getpid()}-{next(numbers)}").open("wb", buffering=0) as file:
                    file.write(buffer[:filled])
                filled = 0
                peer.sendall(_answer(command, context_id))


def _read(peer: socket.socket, view: memoryview) -> memoryview:
    got = peer.recv_into(view, 0, socket.MSG_WAITALL) if len(view) else 0
    return view[:got]


def _accept(request: bytes) -> bytes:
    """An A-ASSOCIATE-AC that takes every presentation context in the first transfer syntax (PS3.8 §9.3.3)."""
    items, at = b"", 68
    while at < len(request):
        kind, _reserved, length = struct.unpack_from(">BBH", request, at)
        body = request[at + 4 : at + 4 + length]
        if kind == 0x10:
            items += request[at : at + 4 + length]
        elif kind == 0x20:
            abstract = 4 + struct.unpack_from(">H", body, 6)[0]
            size = 4 + struct.unpack_from(">H", body, 4 + abstract + 2)[0]
            syntax = body[4 + abstract : 4 + abstract + size]
            items += struct.pack(">BBHBBBB", 0x21, 0, 4 + len(syntax), body[0], 0, 0, 0) + syntax
        at += 4 + length
    user = struct.pack(">BBHL", 0x51, 0, 4, _MAXIMUM_PDU)
    items += struct.pack(">BBH", 0x50, 0, len(user)) + user
    body = request[:68] + items
    return struct.pack(">BBL", 2, 0, len(body)) + body


def _answer(command: bytes, context_id: int) -> bytes:
    """C-STORE-RSP 0x0000 to the Message ID of the request (PS3.7 §9.3.1.2)."""
    elements, at = {}, 0
    while at < len(command):
        _group, element, length = struct.unpack_from("<HHL", command, at)
        elements[element] = command[at + 8 : at + 8 + length]
        at += 8 + length
    values = [
        (0x0002, elements[0x0002]), (0x0100, b"\1\x80"), (0x0120, elements[0x0110]),
        (0x0800, b"\1\1"), (0x0900, b"\0\0"), (0x1000, elements[0x1000]),
    ]  # fmt: skip
    body = b"".join(struct.pack("<HHL", 0, tag, len(value)) + value for tag, value in values)
    command = struct.pack("<HHLL", 0, 0, 4, len(body)) + body
    value = struct.pack(">LBB", len(command) + 2, context_id, 3) + command
    return struct.pack(">BBL", 4, 0, len(value)) + value


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
