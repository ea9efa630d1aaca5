"""Requests and results of storage commitment on associations we open.

Reference  PS3.4 §J.3.2.1, §J.3.3.1; PS3.7 §D.3.3.4 (the SCP that opens the association proposes its role)
"""

from __future__ import annotations

import threading

import structlog
from django.db import connections
from pydicom.dataset import Dataset
from pynetdicom import evt
from pynetdicom.events import Event
from pynetdicom.presentation import PresentationContext, build_context

from common.errors import InvalidInput, NotFound
from integrations.dicom.commitment import messages
from integrations.dicom.commitment.services import record_result, verified
from integrations.dicom.models import ApplicationEntity, Commitment, Notice
from integrations.dicom.nodes.calling import Purpose, node_association
from integrations.dicom.notices.delivery import sends
from integrations.dicom.scp.peers import acting
from integrations.dicom.scp.requests import Answer, decoded, instance_named, judged
from integrations.dicom.scu.normalised import n_action, n_event_report
from integrations.dicom.status import PROCESSING_FAILURE, argument_status

log = structlog.get_logger(__name__)

ANSWER_AWAITED_S = 2.0  # on the association we asked on; later the node opens one of its own


@sends(Notice.Kind.COMMITMENT_RESULT)
def send_result(notice: Notice) -> None:
    """N-EVENT-REPORT on an association of our own."""
    commitment = commitment_of(notice)
    event_type, dataset = result_of(commitment)
    with node_association(notice.node, [_context(as_scp=True)], purpose=Purpose.COMMITMENT) as assoc:
        n_event_report(
            assoc, dataset, event=event_type, sop_class=messages.SOP_CLASS,
            instance=messages.WELL_KNOWN_INSTANCE,
        )  # fmt: skip


@sends(Notice.Kind.COMMITMENT_REQUEST)
def send_request(notice: Notice) -> None:
    """N-ACTION, and a moment's wait: some nodes answer on the same association.

    A report that crosses our release is kept like any other. It has no answer then, and the node tells it again.
    """
    commitment = commitment_of(notice)
    answered = threading.Event()

    def on_report(event: Event) -> Answer:
        try:
            return judged(
                lambda: keep_result(event, notice.node), what="commitment_result", status=argument_status
            )
        except Exception:
            log.exception("dicom.report_defect", ae_title=notice.node.ae_title)
            return PROCESSING_FAILURE, None
        finally:
            answered.set()
            connections.close_all()  # pynetdicom serves each report by a thread of its own

    with node_association(notice.node, [_context()], purpose=Purpose.COMMITMENT) as assoc:
        assoc.bind(evt.EVT_N_EVENT_REPORT, on_report)
        n_action(
            assoc,
            messages.request(
                commitment.transaction_uid, [(pair[0], pair[1]) for pair in commitment.references]
            ),
            action=messages.REQUEST_ACTION,
            sop_class=messages.SOP_CLASS,
            instance=messages.WELL_KNOWN_INSTANCE,
        )
        answered.wait(ANSWER_AWAITED_S)


def commitment_of(notice: Notice) -> Commitment:
    return Commitment.objects.select_related("node__site").get(uid=notice.body["commitment"])


def keep_result(event: Event, node: ApplicationEntity) -> None:
    """Record what a node reports of our request.

    Raises  InvalidInput for another event or what cannot be read; NotFound for a transaction that is not ours.
    """
    if event.event_type not in {messages.ALL_COMMITTED, messages.SOME_FAILED}:
        raise InvalidInput("There is no such event", code="NO_SUCH_EVENT")
    check_instance(event)
    transaction_uid, _, failures = messages.read_result(decoded(lambda: event.event_information))
    record_result(node, transaction_uid, failures, actor=acting(node))


def check_instance(event: Event) -> None:
    """Raises  NotFound for a request about another instance than the well-known one."""
    if instance_named(event) != messages.WELL_KNOWN_INSTANCE:
        raise NotFound("Not the well-known SOP instance", code="NO_SUCH_INSTANCE")


def result_of(commitment: Commitment) -> tuple[int, Dataset]:
    """Event type and information, verified now."""
    failures = verified(commitment)
    return messages.result(
        commitment.transaction_uid, [(pair[0], pair[1]) for pair in commitment.references], failures
    )


def _context(*, as_scp: bool = False) -> PresentationContext:
    context = build_context(messages.SOP_CLASS)
    if as_scp:
        context.scu_role, context.scp_role = False, True
    return context
