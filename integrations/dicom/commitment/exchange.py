"""Requests and results of storage commitment on associations we open.

Reference  PS3.4 §J.3.2.1, §J.3.3.1; PS3.7 §D.3.3.4 (the SCP that opens the association proposes its role)
"""

from __future__ import annotations

import threading

from pydicom.dataset import Dataset
from pynetdicom import evt
from pynetdicom.events import Event
from pynetdicom.presentation import PresentationContext, build_context

from integrations.dicom.commitment import messages
from integrations.dicom.commitment.services import record_result, verified
from integrations.dicom.models import Commitment, Notice
from integrations.dicom.nodes.calling import Purpose, node_association
from integrations.dicom.notices.delivery import sends
from integrations.dicom.scp.peers import acting
from integrations.dicom.scp.requests import decoded
from integrations.dicom.scu.normalised import n_action, n_event_report

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
    """N-ACTION, and a moment's wait: some nodes answer on the same association."""
    commitment = commitment_of(notice)
    answered = threading.Event()

    def on_report(event: Event) -> tuple[int, Dataset | None]:
        transaction_uid, _, failures = messages.read_result(decoded(lambda: event.event_information))
        record_result(notice.node, transaction_uid, failures, actor=acting(notice.node))
        answered.set()
        return 0x0000, None

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
