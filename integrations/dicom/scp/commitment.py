"""Storage Commitment Push Model: nodes ask us (N-ACTION), and answer what we asked (N-EVENT-REPORT).

A request is written down before it is answered. Its result goes out on the association it came on if that is
still open a moment later: a peer that waits there gets it there, one that has released gets it on an association
we open, from the same row.

Reference  PS3.4 §J.3.2 (N-ACTION), §J.3.3 (N-EVENT-REPORT)
"""

from __future__ import annotations

from functools import partial
from typing import cast

import structlog
from pydicom.dataset import Dataset
from pynetdicom.events import Event

from common.errors import InvalidInput, ServiceError, Unavailable
from integrations.dicom.commitment import messages
from integrations.dicom.commitment.exchange import check_instance, commitment_of, keep_result, result_of
from integrations.dicom.commitment.services import receive_request
from integrations.dicom.models import AERole, ApplicationEntity, Notice
from integrations.dicom.notices.delivery import mark_delivered, put_back, take
from integrations.dicom.scp.peers import acting
from integrations.dicom.scp.reporting import Acceptor, report_event
from integrations.dicom.scp.requests import Answer, answered, decoded
from integrations.dicom.status import argument_status

log = structlog.get_logger(__name__)

STILL_OPEN_AFTER_S = 1.0


def handle_commitment_request(event: Event) -> Answer:
    """Write the request down and answer success; the result follows.

    0x0123 for another action, 0x0112 for another instance than the well-known one, 0x0110 for a Transaction
    UID that came with another request before, 0x0115 for a request that cannot be read, 0x0124 for a node that
    may not ask.
    """

    def ask(node: ApplicationEntity) -> Dataset | None:
        if event.action_type != messages.REQUEST_ACTION:
            raise InvalidInput("There is no such action", code="NO_SUCH_ACTION")
        check_instance(event)
        transaction_uid, references = messages.read_request(decoded(lambda: event.action_information))
        notice = receive_request(node, transaction_uid, references, actor=acting(node))
        if notice is not None:
            assoc = cast("Acceptor", event.assoc)
            assoc.do_after(STILL_OPEN_AFTER_S, partial(_report_here, assoc, notice.pk))
        return None

    return answered(event, AERole.COMMITMENT_SCU, ask, what="commitment", status=argument_status)


def handle_commitment_result(event: Event) -> Answer:
    """Keep a node's answer to our request.

    0x0113 for another event, 0x0112 for a transaction that is not ours, 0x0115 for what cannot be read.
    """

    def keep(node: ApplicationEntity) -> Dataset | None:
        keep_result(event, node)
        return None

    return answered(event, AERole.COMMITMENT_SCP, keep, what="commitment_result", status=argument_status)


def _report_here(assoc: Acceptor, notice_pk: int) -> None:
    """The result on the association the request came on; whatever fails is left to an association of our own."""
    notice = take(Notice.objects.filter(pk=notice_pk, delivered_at=None, failed_at=None, lease_until=None))
    if notice is None:
        return
    try:
        event_type, dataset = result_of(commitment_of(notice))
        report_event(
            assoc, dataset, event=event_type, sop_class=messages.SOP_CLASS,
            instance=messages.WELL_KNOWN_INSTANCE,
        )  # fmt: skip
    except ServiceError as error:
        put_back(notice, error if not error.permanent else Unavailable(error.message, code=error.code))
        return
    mark_delivered(notice)
