"""How a process and its decoders talk: a JSON head and bytes behind it, both with their lengths.

What comes out of a decoder's process is data and never code: a damaged object may have had its way with it.
"""

from __future__ import annotations

import json
import socket
import struct
from typing import Any

_LENGTHS = struct.Struct("<LQ")
_PIECE = 1 << 20


class Ended(Exception):
    """The other side has gone."""


def send(connection: socket.socket, head: dict[str, Any], body: bytes = b"") -> None:
    encoded = json.dumps(head).encode()
    lengths = _LENGTHS.pack(len(encoded), len(body))
    if len(body) <= _PIECE:  # in one, so that the other side is woken once
        connection.sendall(b"".join([lengths, encoded, body]))
        return
    connection.sendall(lengths + encoded)
    connection.sendall(body)


def receive(connection: socket.socket) -> tuple[dict[str, Any], bytes]:
    """One message. Raises Ended; TimeoutError by the connection's own limit."""
    head, body = _LENGTHS.unpack(_exactly(connection, _LENGTHS.size))
    return json.loads(_exactly(connection, head)), _exactly(connection, body)


def _exactly(connection: socket.socket, length: int) -> bytes:
    buffer = bytearray(length)
    view, at = memoryview(buffer), 0
    while at < length:
        count = connection.recv_into(view[at:], min(_PIECE, length - at))
        if count == 0:
            raise Ended
        at += count
    return bytes(buffer)
