"""Retrieve by C-GET: instances go back over the association that asked for them.

Reference  PS3.4 §C.4.3 (C-GET), §C.5.3 (role selection), PS3.7 §9.1.3
"""

from __future__ import annotations

import queue
import time
from collections.abc import Sequence
from typing import Any

import structlog

from accounts.audit import record_audit
from common.errors import ServiceError, Unavailable
from integrations.dicom import dimse
from integrations.dicom.models import AERole, ApplicationEntity
from integrations.dicom.retrieval import Progress, Wanted
from integrations.dicom.scp.conversation import Conversation, send_parts
from integrations.dicom.scp.naming import instances_named
from integrations.dicom.scp.peers import acting, calling_node
from integrations.dicom.scp.suboperations import Reporter
from integrations.dicom.scu.channel import Buffer
from integrations.dicom.scu.store import StorageSCU
from integrations.dicom.sending import send_each
from integrations.dicom.status import find_status

log = structlog.get_logger(__name__)

_ANSWERED_WITHIN_S = 60.0


class ServedChannel:
    """The association a request came by, for C-STORE the other way."""

    def __init__(self, talk: Conversation) -> None:
        self._assoc = talk.assoc
        self.fragment = dimse.fragment_size(talk.assoc.requestor.maximum_length)

    def send(self, parts: Sequence[Buffer]) -> None:
        send_parts(self._assoc, parts)

    def status(self, message_id: int) -> int:
        deadline = time.monotonic() + _ANSWERED_WITHIN_S
        while (
            time.monotonic() < deadline and self._assoc.is_established and not self._assoc.acse.is_aborted()
        ):
            answer = self._next()
            if answer is not None and getattr(answer, "MessageIDBeingRespondedTo", None) == message_id:
                status: int | None = getattr(answer, "Status", None)
                if status is not None:
                    return status
        raise Unavailable("The peer does not answer", code="ASSOCIATION_LOST")

    def give_up(self) -> None:
        self._assoc.abort()

    def _next(self) -> Any:
        try:
            return self._assoc.dimse.msg_queue.get(timeout=0.5)[1]
        except queue.Empty:
            return None


def handle_get(talk: Conversation) -> None:
    """Send what is asked for by C-STORE over this association, as far as its contexts go.

    0x0124 for a node that may not retrieve, 0xA900 for an identifier without its unique keys, 0xA702 if nothing
    could be sent, 0xB000 with the list of failed instances if some could not, 0xFE00 when the peer cancels.
    """
    try:
        node = calling_node(talk.assoc, role=AERole.QUERY_SCU)
        wanted = instances_named(talk, node)
    except ServiceError as error:
        log.warning("dicom.get_refused", code=error.code)
        talk.finish(find_status(error), error.message)
        return
    reporter = Reporter(talk, Progress(len(wanted)))
    reporter.begin()
    contexts = [context for context in talk.assoc.accepted_contexts if context.as_scu]
    scu = StorageSCU(talk.assoc, channel=ServedChannel(talk), accepted=contexts)
    status = reporter.run(send_each(scu, wanted), wanted)
    _record(node, wanted, reporter.progress, status)


def _record(node: ApplicationEntity, wanted: Sequence[Wanted], progress: Progress, status: int) -> None:
    for study_instance_uid in sorted({one.study_instance_uid for one in wanted}):
        record_audit(
            acting(node), "study.retrieved", object_kind="study", object_uid=study_instance_uid,
            study_instance_uid=study_instance_uid, completed=progress.completed, failed=progress.failed,
            status=f"0x{status:04X}",
        )  # fmt: skip
