"""Storage commitment, both ways: answering for what we keep, and asking a node to answer for what it was sent.

Reference  PS3.4 §J (Storage Commitment Push Model), IHE RAD-10
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence

from django.db import transaction

from accounts.actors import Actor
from accounts.audit import record_audit
from archive.studies.durability import not_kept
from archive.studies.evidence import Kind as Evidence
from archive.studies.evidence import note_named
from archive.studies.models import Instance
from common import clock
from common.errors import Conflict, NotFound
from common.uids import new_uid
from events.services import publish
from events.tracing import current_trace, trace
from integrations.dicom.commitment.messages import Failure, Reference
from integrations.dicom.models import ApplicationEntity, Commitment, Notice
from integrations.dicom.notices.delivery import queue_notice

Direction, State = Commitment.Direction, Commitment.State
# A peer that has something to do afterwards gets the result on an association of its own: first it is waited for
# whether the one it asked on stays open.
ELSEWHERE_AFTER = dt.timedelta(seconds=8)
ANSWERED_WITHIN = dt.timedelta(hours=48)


def receive_request(
    node: ApplicationEntity, transaction_uid: str, references: Sequence[Reference], *, actor: Actor
) -> Notice | None:
    """Keep a node's request and queue its result; None if the same request was answered already.

    What it names is evidence of what its series hold.
    Raises  Conflict DUPLICATE_TRANSACTION if another request came under the same Transaction UID.
    """
    with transaction.atomic():
        commitment, is_new = Commitment.objects.get_or_create(
            node=node,
            direction=Direction.OURS,
            transaction_uid=transaction_uid,
            defaults={
                "references": [list(reference) for reference in references],
                "asked_at": clock.now(),
                "trace_id": current_trace(),
            },
        )
        if not is_new and [tuple(pair) for pair in commitment.references] != list(references):
            raise Conflict("The Transaction UID was used for another request", code="DUPLICATE_TRANSACTION")
        if is_new:
            _note_evidence(commitment)
            _audit(actor, "commitment.asked", commitment)
        lane = f"commitment:{transaction_uid}"
        waiting = Notice.objects.filter(node=node, lane=lane, delivered_at=None, failed_at=None).first()
        return waiting or queue_notice(
            node, Notice.Kind.COMMITMENT_RESULT, {"commitment": str(commitment.uid)}, lane=lane,
            study_instance_uid=commitment.study_instance_uid, not_before=clock.now() + ELSEWHERE_AFTER,
        )  # fmt: skip


def verified(commitment: Commitment) -> list[Failure]:
    """Look at what is kept as it is now, and keep the verdict. Raises Unavailable if that cannot be told now."""
    references = [(sop_class, uid) for sop_class, uid in commitment.references]
    failures = not_kept(references, site=commitment.node.site, sent_by=commitment.node.ae_title)
    _settle(commitment, failures)
    return failures


def ask_commitment(
    node: ApplicationEntity, sop_instance_uids: Sequence[str], *, study_instance_uid: str = "", actor: Actor
) -> Commitment:
    """Ask a node to answer for instances it was sent; its answer is recorded when it comes.

    Raises  NotFound if none of the instances is here.
    """
    held = Instance.objects.filter(sop_instance_uid__in=list(sop_instance_uids))
    references = sorted(held.values_list("sop_class_uid", "sop_instance_uid"))
    if not references:
        raise NotFound("None of these instances is here", code="NOTHING_TO_COMMIT")
    with transaction.atomic():
        commitment = Commitment.objects.create(
            node=node,
            direction=Direction.THEIRS,
            transaction_uid=new_uid(),
            study_instance_uid=study_instance_uid,
            references=[list(reference) for reference in references],
            asked_at=clock.now(),
            trace_id=current_trace(),
        )
        _audit(actor, "commitment.requested", commitment)
        queue_notice(
            node, Notice.Kind.COMMITMENT_REQUEST, {"commitment": str(commitment.uid)},
            lane=f"commitment:{commitment.transaction_uid}", study_instance_uid=study_instance_uid,
        )  # fmt: skip
    return commitment


def record_result(
    node: ApplicationEntity, transaction_uid: str, failures: Sequence[Failure], *, actor: Actor
) -> None:
    """Keep a node's answer to our request; the same answer again changes nothing.

    Raises  NotFound for a transaction we never began with this node.
    """
    with transaction.atomic():
        commitment = (
            Commitment.objects.select_for_update(of=("self",))
            .select_related("node__site")
            .filter(node=node, direction=Direction.THEIRS, transaction_uid=transaction_uid)
            .first()
        )
        if commitment is None:
            raise NotFound("There is no such transaction", code="TRANSACTION_UNKNOWN")
        if commitment.state in {State.COMMITTED, State.PARTLY}:
            return
        with trace(commitment.trace_id):
            _settle(commitment, failures)
            _audit(actor, "commitment.answered", commitment)
            publish(
                "StorageCommitted",
                {
                    "ae_title": node.ae_title,
                    "committed": len(commitment.references) - len(failures),
                    "failed": len(failures),
                },
                subjects={"study": commitment.study_instance_uid} if commitment.study_instance_uid else {},
            )


def give_up_unanswered() -> int:
    """The duty that marks requests of ours no node has answered within two days; how many."""
    return Commitment.objects.filter(
        direction=Direction.THEIRS, state=State.ASKED, asked_at__lt=clock.now() - ANSWERED_WITHIN
    ).update(state=State.FAILED)


def _settle(commitment: Commitment, failures: Sequence[Failure]) -> None:
    commitment.failures = [list(failure) for failure in failures]
    commitment.state = State.PARTLY if failures else State.COMMITTED
    commitment.answered_at = clock.now()
    commitment.save(update_fields=["failures", "state", "answered_at"])


def _note_evidence(commitment: Commitment) -> None:
    """The request names instances, not series: of those that are here we know it; the rest is of the one series."""
    uids = [uid for _, uid in commitment.references]
    found: dict[str, set[str]] = defaultdict(set)
    held = Instance.objects.filter(sop_instance_uid__in=uids).values_list(
        "series__series_instance_uid", "sop_instance_uid", "series__study__study_instance_uid"
    )
    studies = set()
    for series_instance_uid, uid, study_instance_uid in held:
        found[series_instance_uid].add(uid)
        studies.add(study_instance_uid)
    if len(found) == 1:
        found[next(iter(found))].update(uids)
    note_named(
        Evidence.COMMITMENT,
        reference=commitment.transaction_uid,
        said_by=commitment.node.ae_title,
        series=found.items(),
    )
    if len(studies) == 1:
        commitment.study_instance_uid = studies.pop()
        commitment.save(update_fields=["study_instance_uid"])


def _audit(actor: Actor, action: str, commitment: Commitment) -> None:
    record_audit(
        actor,
        action,
        object_kind="commitment",
        object_uid=commitment.transaction_uid,
        study_instance_uid=commitment.study_instance_uid,
        site_code=commitment.node.site.code,
        ae_title=commitment.node.ae_title,
        instances=len(commitment.references),
        failed=len(commitment.failures),
    )
