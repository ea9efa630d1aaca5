"""A request that is answered by us from its first response to its last, past pynetdicom's queues.

Responses of C-FIND, C-MOVE and C-GET go to the socket in batches, from the thread that serves the request. Under
TLS one connection bears no two threads, so there they take pynetdicom's way.

Reference  PS3.7 §9.1.2-4, §9.3.2-4 (C-FIND, C-GET, C-MOVE), §9.3.2.3 (C-CANCEL)
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Sequence
from typing import Any, cast

from pynetdicom.association import Association
from pynetdicom.pdu_primitives import P_DATA

from common.errors import Unavailable
from integrations.dicom import dimse
from integrations.dicom.status import PENDING

_FLUSH_AT = 64 * 1024
_FLUSH_EVERY_S = 0.25
_QUEUED_AT_MOST = 16
_COMMENT_AT_MOST = 64


class Conversation:
    """One request and the responses to it. `response` is the command field of its responses."""

    def __init__(self, assoc: Association, request: Any, context: Any, *, response: int) -> None:
        self.assoc, self.request, self.context = assoc, request, context
        self.context_id = int(context.context_id)
        self.transfer_syntax_uid = str(context.transfer_syntax[0])
        self._fragment = dimse.fragment_size(assoc.requestor.maximum_length)
        self._head = [
            (dimse.AFFECTED_CLASS, dimse.ui(str(context.abstract_syntax))),
            (dimse.COMMAND_FIELD, dimse.us(response)),
            (dimse.RESPONDED_TO, dimse.us(int(request.MessageID))),
        ]
        self._pending: dict[int, bytes] = {}
        self._parts: list[bytes] = []
        self._size = 0
        self._flushed_at = time.monotonic()

    @property
    def identifier(self) -> bytes:
        """The request's identifier as it came."""
        held = self.request.Identifier
        return bytes(held.getvalue()) if held is not None else b""

    @property
    def is_cancelled(self) -> bool:
        """Whether the peer has asked us to stop."""
        return int(self.request.MessageID) in self.assoc.dimse.cancel_req

    def answer(self, data_set: bytes, *, status: int = PENDING) -> None:
        """A pending response with an identifier; it leaves with others, soon.

        Raises  Unavailable if the association is gone.
        """
        command = self._pending.get(status)
        if command is None:
            command = self._pending[status] = self._command(status, dimse.HAS_DATA_SET)
        self._put(command, data_set)

    def progress(self, status: int, counts: dict[int, int], data_set: bytes = b"") -> None:
        """A response with numbers of sub-operations, sent at once. Raises as `answer`."""
        extra = [(number, dimse.us(min(count, 0xFFFF))) for number, count in counts.items()]
        kind = dimse.HAS_DATA_SET if data_set else dimse.NO_DATA_SET
        self._put(self._command(status, kind, extra), data_set)
        self.flush()

    def finish(self, status: int, comment: str = "") -> None:
        """The last response, without an identifier. Raises as `answer`."""
        extra = [(dimse.ERROR_COMMENT, dimse.text(comment[:_COMMENT_AT_MOST]))] if comment else []
        self._put(self._command(status, dimse.NO_DATA_SET, extra), b"")
        self.flush()

    def flush(self) -> None:
        """Send what waits. Raises as `answer`."""
        parts, self._parts, self._size = self._parts, [], 0
        self._flushed_at = time.monotonic()
        send_parts(self.assoc, parts)

    def _command(self, status: int, kind: int, extra: list[tuple[int, bytes]] | None = None) -> bytes:
        elements = [*self._head, (dimse.DATA_SET_TYPE, dimse.us(kind)), (dimse.STATUS, dimse.us(status))]
        command = dimse.command_set(elements + (extra or []))
        return b"".join(dimse.pdus(self.context_id, command, is_command=True, fragment=self._fragment))

    def _put(self, command: bytes, data_set: bytes) -> None:
        self._parts.append(command)
        if data_set:
            self._parts += dimse.pdus(self.context_id, data_set, is_command=False, fragment=self._fragment)
        self._size += len(command) + len(data_set)
        if self._size >= _FLUSH_AT or time.monotonic() - self._flushed_at >= _FLUSH_EVERY_S:
            self.flush()


def send_parts(assoc: Association, parts: Sequence[bytes | bytearray | memoryview]) -> None:
    """Send whole PDUs over an association that serves a request.

    Raises  Unavailable if it is gone, or the peer takes nothing for too long.
    """
    if not parts:
        return
    wire = assoc.dul.socket.socket if assoc.dul.socket is not None else None
    if not assoc.is_established or wire is None or assoc.acse.is_aborted():
        raise Unavailable("The association is gone", code="ASSOCIATION_LOST")
    try:
        if isinstance(wire, ssl.SSLSocket):
            _hand_over(assoc, b"".join(parts))
        else:
            wire.sendall(b"".join(parts))
    except OSError as error:
        raise Unavailable("The peer takes no more answers", code="ASSOCIATION_LOST") from error


def _hand_over(assoc: Association, data: bytes) -> None:
    """Give PDUs to the thread that owns the connection, no faster than it sends them."""
    at = 0
    while at < len(data):
        length = int.from_bytes(data[at + 2 : at + 6], "big")
        primitive = P_DATA()
        values: Any = [[data[at + 10], data[at + 11 : at + 6 + length]]]
        primitive.presentation_data_value_list = values
        while assoc.dul.to_provider_queue.qsize() > _QUEUED_AT_MOST:
            if not cast("Any", assoc.dul).is_alive() or not assoc.is_established:
                raise BrokenPipeError
            time.sleep(0.001)
        assoc.dul.send_pdu(primitive)
        at += 6 + length
