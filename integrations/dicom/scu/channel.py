"""How a C-STORE sender talks to its peer: PDUs out, the status of each answer in.

pynetdicom would copy a data set four times and take every answer through two threads. Here fragments go from
where they lie to the socket with one system call, and the answer is read by the thread that waits for it.

Reference  PS3.8 §9.3 (PDUs), PS3.7 §9.3.1.2 (C-STORE-RSP)
"""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, cast

from common.errors import Unavailable
from integrations.dicom import dimse

if TYPE_CHECKING:
    import socket

    from pynetdicom.association import Association

    from integrations.dicom.scu.wire import CallingSocket

Buffer = bytes | bytearray | memoryview

_VECTORS_AT_MOST = 512
_JOINED_AT_MOST = 1 << 18
_LARGEST_ANSWER = 1 << 20
_REST_S = 0.01


class Channel(Protocol):
    """One association, for one exchange after the other."""

    fragment: int

    def send(self, parts: Sequence[Buffer]) -> None:
        """Send whole PDUs, or some of their parts. Raises Unavailable if the association is gone."""
        ...

    def status(self, message_id: int) -> int:
        """The status of the answer to a C-STORE request. Raises Unavailable if none comes."""
        ...

    def give_up(self) -> None:
        """End the association: a message was begun that cannot be completed."""
        ...


class CallingChannel:
    """An association we opened."""

    def __init__(self, assoc: Association) -> None:
        self._assoc = assoc
        self._wire = cast("CallingSocket", assoc.dul.socket)
        self.fragment = dimse.fragment_size(assoc.acceptor.maximum_length)
        self._loan = contextlib.ExitStack()
        self._borrowed: socket.socket | None = None
        assoc.dul._run_loop_delay = _REST_S  # noqa: SLF001 - it has nothing to do but release

    def send(self, parts: Sequence[Buffer]) -> None:
        self._check()
        try:
            write(self._wire_in_hand(), parts)
        except OSError as error:
            self._hand_back()
            raise _lost() from error

    def status(self, message_id: int) -> int:
        try:
            elements = _answer(self._wire_in_hand())
        except (OSError, ValueError) as error:
            raise _lost() from error
        finally:
            self._hand_back()
        self._assoc.dul._idle_timer.restart()  # noqa: SLF001 - as if it had read the answer itself
        status = dimse.short(elements, dimse.STATUS)
        if status is None or dimse.short(elements, dimse.RESPONDED_TO) != message_id:
            raise _lost()
        return status

    def give_up(self) -> None:
        self._hand_back()
        if self._assoc.is_established:
            self._assoc.abort()

    def _wire_in_hand(self) -> socket.socket:
        """The connection, borrowed from the first byte of a request to the last of its answer."""
        if self._borrowed is None:
            self._borrowed = self._loan.enter_context(self._wire.lent())
        return self._borrowed

    def _hand_back(self) -> None:
        self._borrowed = None
        self._loan.close()

    def _check(self) -> None:
        if not self._assoc.is_established:
            raise _lost()


def write(wire: socket.socket, parts: Sequence[Buffer]) -> None:
    """Send all parts, gathered by the kernel where the connection can."""
    if isinstance(wire, ssl.SSLSocket):
        _write_joined(wire, parts)
        return
    for at in range(0, len(parts), _VECTORS_AT_MOST):
        _write_gathered(wire, parts[at : at + _VECTORS_AT_MOST])


def _write_gathered(wire: socket.socket, parts: Sequence[Buffer]) -> None:
    sent = wire.sendmsg(parts)
    for part in parts:
        size = len(part)
        if sent >= size:
            sent -= size
            continue
        wire.sendall(memoryview(part)[sent:])
        sent = 0


def _write_joined(wire: socket.socket, parts: Sequence[Buffer]) -> None:
    """TLS makes records of what it is given: small parts go together."""
    waiting = bytearray()
    for part in parts:
        waiting += part
        if len(waiting) >= _JOINED_AT_MOST:
            wire.sendall(waiting)
            waiting = bytearray()
    if waiting:
        wire.sendall(waiting)


def _answer(wire: socket.socket) -> dict[int, bytes]:
    """The command set of the next message; raises OSError if the peer ends the association instead."""
    command = b""
    while True:
        head = _read(wire, 6)
        length = int.from_bytes(head[2:], "big")
        if length > _LARGEST_ANSWER:
            raise ConnectionAbortedError
        body = _read(wire, length)
        if head[0] != dimse.P_DATA_TF:
            raise ConnectionAbortedError
        at = 0
        while at + 6 <= len(body):
            size = int.from_bytes(body[at : at + 4], "big")
            control = body[at + 5]
            command += body[at + 6 : at + 4 + size]
            at += 4 + size
            if len(command) > _LARGEST_ANSWER or size < 2:
                raise ConnectionAbortedError
            if control & dimse.LAST:
                return dimse.elements_of(command)


def _read(wire: socket.socket, count: int) -> bytes:
    data = wire.recv(count)
    while len(data) < count:
        piece = wire.recv(count - len(data))
        if not piece:
            raise ConnectionResetError
        data += piece
    return data


def _lost() -> Unavailable:
    return Unavailable("The association is gone, or the peer does not answer", code="ASSOCIATION_LOST")
