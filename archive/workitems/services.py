"""Changing workitems, and bringing them to their end.

Reference  PS3.4 §CC.2.6 (N-SET), §CC.2.1 (Change State), §CC.2.2 (Request Cancel)
"""

from __future__ import annotations

from django.db import transaction

from accounts.actors import Actor
from archive.workitems.attributes import tag_of
from archive.workitems.datasets import Model, code, element, items, values
from archive.workitems.keeping import keep, note
from archive.workitems.models import Workitem
from archive.workitems.moments import written
from archive.workitems.reports import (
    cancel_requested_news,
    news_of_change,
    state_news,
    tell_subscribers,
)
from archive.workitems.requirements import TRANSACTION_UID_TAG, check_change, missing_at_end
from archive.workitems.selectors import workable_workitems, workitem_to_see
from archive.workitems.states import State, check_changeable, is_there_already
from common import clock
from common.errors import Conflict, InvalidInput, NotPermitted
from common.uids import is_uid_lenient

_UNSPECIFIED = code("110513", "DCM", "Discontinued for unspecified reason")  # PS3.16 CID 9301


def update_workitem(actor: Actor, sop_instance_uid: str, model: Model, *, transaction_uid: str) -> None:
    """Set these attributes, all of them or none; the same again changes nothing.

    Raises  InvalidInput, Conflict as the state and the table of attributes demand; NotFound, NotPermitted.
    """
    with transaction.atomic():
        workitem = _held(actor, sop_instance_uid)
        check_changeable(workitem, transaction_uid)
        changes = {tag: held for tag, held in model.items() if tag != TRANSACTION_UID_TAG}
        check_change(changes)
        changes.pop(tag_of("SpecificCharacterSet"), None)  # ours is UTF-8 throughout
        before = workitem.attributes
        changed = sorted(tag for tag, held in changes.items() if before.get(tag) != held)
        if not changed:
            return
        now = element("ScheduledProcedureStepModificationDateTime", written(clock.now()))
        keep(workitem, {**before, **changes, **now})
        workitem.save()
        tell_subscribers(workitem, news_of_change(workitem, before))
        note(actor, "workitem.updated", workitem, attributes=changed)


def change_state(actor: Actor, sop_instance_uid: str, wanted: State, *, transaction_uid: str) -> bool:
    """Claim the workitem, or end it; False if it had ended so before.

    Raises  InvalidInput, Conflict as `is_there_already`; Conflict if Final State requirements are not met (C304);
            NotFound, NotPermitted.
    """
    if transaction_uid and not is_uid_lenient(transaction_uid):
        raise InvalidInput("The Transaction UID is incorrect", code="TRANSACTION_UID_INCORRECT")
    with transaction.atomic():
        workitem = _held(actor, sop_instance_uid)
        if is_there_already(workitem, wanted, transaction_uid=transaction_uid):
            return False
        if wanted is State.IN_PROGRESS:
            workitem.transaction_uid = transaction_uid
        elif wanted is State.CANCELED:
            keep(workitem, workitem.attributes | _as_canceled(workitem.attributes, {}))
        _check_end(workitem, wanted)
        _move(workitem, wanted)
        note(actor, f"workitem.{_ACTIONS[wanted]}", workitem)
    return True


def request_cancellation(actor: Actor, sop_instance_uid: str, details: Model, *, requesting_ae: str) -> bool:
    """Cancel a workitem nobody has begun, or tell whoever performs it of the wish; False if it is canceled already.

    Raises  Conflict if it is completed (C311), or if nobody would hear of the wish (C312); NotFound, NotPermitted.
    """
    with transaction.atomic():
        workitem = _held(actor, sop_instance_uid)
        if workitem.state == State.CANCELED:
            return False
        if workitem.state == State.COMPLETED:
            raise Conflict("The workitem is COMPLETED already", code="ALREADY_COMPLETED")
        if workitem.state == State.IN_PROGRESS and not workitem.subscriptions.exists():
            raise Conflict("The performer cannot be contacted", code="PERFORMER_UNREACHABLE")
        tell_subscribers(workitem, [cancel_requested_news(details, requesting_ae=requesting_ae)])
        if workitem.state == State.SCHEDULED:
            _move(workitem, State.IN_PROGRESS)
            keep(workitem, workitem.attributes | _as_canceled(workitem.attributes, details))
            _move(workitem, State.CANCELED)
        note(actor, "workitem.cancel_requested", workitem, state=workitem.state)
    return True


_ACTIONS = {State.IN_PROGRESS: "claimed", State.COMPLETED: "completed", State.CANCELED: "canceled"}


def _held(actor: Actor, sop_instance_uid: str) -> Workitem:
    """The workitem, held until the transaction ends. Raises  NotFound, NotPermitted."""
    found = workable_workitems(actor).filter(sop_instance_uid=sop_instance_uid)
    workitem = found.select_for_update(no_key=True, of=("self",)).first()
    if workitem is None:
        workitem_to_see(actor, sop_instance_uid)
        raise NotPermitted("You may not work on this workitem", code="WORKITEM_NOT_PERMITTED")
    return workitem


def _move(workitem: Workitem, state: State) -> None:
    workitem.state = state
    workitem.attributes = workitem.attributes | element("ProcedureStepState", state)
    if workitem.is_final:
        workitem.ended_at = clock.now()
    workitem.save()
    tell_subscribers(workitem, [state_news(workitem)])


def _check_end(workitem: Workitem, wanted: State) -> None:
    if wanted is State.IN_PROGRESS:
        return
    missing = missing_at_end(workitem.attributes, is_completed=wanted is State.COMPLETED)
    if missing:
        named = ", ".join(missing)
        raise Conflict(f"Final State requirements are not met: {named}", code="FINAL_STATE_REQUIREMENTS")


def _as_canceled(attributes: Model, details: Model) -> Model:
    """The progress information of a canceled workitem: when, and why where nobody has said (Final State X)."""
    held = items(attributes, "ProcedureStepProgressInformationSequence")
    item, rest = (held[0], held[1:]) if held else ({}, [])
    for keyword in ("ReasonForCancellation", "ProcedureStepDiscontinuationReasonCodeSequence"):
        if not values(item, keyword) and values(details, keyword):
            item = item | element(keyword, *values(details, keyword))
    if not values(item, "ProcedureStepCancellationDateTime"):
        item = item | element("ProcedureStepCancellationDateTime", written(clock.now()))
    if not values(item, "ProcedureStepDiscontinuationReasonCodeSequence"):
        item = item | element("ProcedureStepDiscontinuationReasonCodeSequence", _UNSPECIFIED)
    return element("ProcedureStepProgressInformationSequence", item, *rest)
