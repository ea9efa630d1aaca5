"""N-EVENT-REPORT from the acceptor of an association, sent by the very thread that serves its requests.

pynetdicom's own method waits for the reactor to pause; here the reactor itself is the sender, so it goes on serving
what comes while it waits for the answer.

Reference  PS3.7 §10.1.1
"""

from __future__ import annotations

import time
from collections.abc import Callable
from io import BytesIO
from typing import Any, Protocol, cast

from pydicom.dataset import Dataset
from pynetdicom.dimse_primitives import N_EVENT_REPORT
from pynetdicom.dsutils import encode

from common.errors import InvalidInput, Unavailable

ANSWERED_WITHIN_S = 15.0
MESSAGE_ID = 0x7FF0


class Acceptor(Protocol):
    """What an association at our end can do for who wants to say something on it (`FastAssociation`)."""

    accepted_contexts: Any
    dimse: Any
    dul: Any
    is_established: bool

    def do_after(self, wait_s: float, act: Callable[[], None]) -> None: ...

    def next_message(self) -> tuple[Any, Any]: ...

    def serve(self, message: Any, context_id: int) -> None: ...


def report_event(assoc: Acceptor, dataset: Dataset, *, event: int, sop_class: str, instance: str) -> None:
    """Send the event and wait for its answer.

    Raises  Unavailable if the association ends first, the peer does not answer, or it did not take the event.
    """
    context = next((one for one in assoc.accepted_contexts if one.abstract_syntax == sop_class), None)
    if context is None or context.context_id is None:
        raise Unavailable("The context is not open", code="ASSOCIATION_LOST")
    request = _request(
        dataset, context.transfer_syntax[0], event=event, sop_class=sop_class, instance=instance
    )
    if not assoc.is_established or _is_ending(assoc):
        raise Unavailable("The association is ending", code="ASSOCIATION_LOST")
    assoc.dimse.send_msg(request, context.context_id)
    status = _answer(assoc)
    if status != 0:
        raise Unavailable(f"The peer answers 0x{status:04X}", code=f"STATUS_{status:04X}")


def _request(dataset: Dataset, syntax: Any, *, event: int, sop_class: str, instance: str) -> N_EVENT_REPORT:
    encoded = encode(dataset, syntax.is_implicit_VR, syntax.is_little_endian, syntax.is_deflated)
    if encoded is None:
        raise InvalidInput("The event cannot be encoded", code="EVENT_UNENCODABLE")
    request: Any = N_EVENT_REPORT()
    request.MessageID = MESSAGE_ID
    request.AffectedSOPClassUID, request.AffectedSOPInstanceUID = sop_class, instance
    request.EventTypeID = event
    request.EventInformation = BytesIO(encoded)
    return cast("N_EVENT_REPORT", request)


def _answer(assoc: Acceptor) -> int:
    deadline = time.monotonic() + ANSWERED_WITHIN_S
    while time.monotonic() < deadline and assoc.is_established and not _is_ending(assoc):
        context_id, message = assoc.next_message()
        if isinstance(message, N_EVENT_REPORT) and message.MessageIDBeingRespondedTo == MESSAGE_ID:
            return int(message.Status or 0)
        if message is not None and context_id is not None:
            assoc.serve(message, context_id)
    raise Unavailable("The peer did not answer the event", code="ASSOCIATION_LOST")


def _is_ending(assoc: Acceptor) -> bool:
    """Whether the peer has asked for the end, or has gone; its request stays where it is."""
    return assoc.dul.peek_next_pdu() is not None
