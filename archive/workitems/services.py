"""Creating workitems, changing them, and bringing them to their end.

Reference  PS3.4 §CC.2.5 (N-CREATE), §CC.2.6 (N-SET), §CC.2.1 (Change State), §CC.2.2 (Request Cancel)
"""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction

from accounts.actors import Actor
from accounts.audit import record_audit
from accounts.models import Site
from accounts.privileges import Privilege, sites_where
from archive.mpi.selectors import site_of_authority
from archive.workitems.attributes import tag_of, workitem_attributes
from archive.workitems.datasets import Model, code, element, first, items, values
from archive.workitems.models import Workitem
from archive.workitems.moments import moment_of, written
from archive.workitems.reports import (
    cancel_requested_news,
    news_of_change,
    state_news,
    tell_subscribers,
)
from archive.workitems.requirements import (
    STATE_TAG,
    TRANSACTION_UID_TAG,
    check_change,
    check_creation,
    missing_at_end,
)
from archive.workitems.selectors import visible_workitems, was_removed, workable_workitems
from archive.workitems.states import State, check_changeable, is_there_already
from archive.workitems.subscriptions import subscribe_whoever_follows
from common import clock
from common.errors import Conflict, InvalidInput, NotFound, NotPermitted
from common.identifiers import Authority
from common.uids import is_uid_lenient

SOP_CLASS_UID = "1.2.840.10008.5.1.4.34.6.1"  # that of UPS Push, whichever class is spoken (PS3.4 §CC.3.1)
WORKLIST, FILTERED_WORKLIST = "1.2.840.10008.5.1.4.34.5", "1.2.840.10008.5.1.4.34.5.1"
DEFAULT_WORKLIST_LABEL = "Default"
_CHARACTER_SET = "ISO_IR 192"
_UNSPECIFIED = code("110513", "DCM", "Discontinued for unspecified reason")  # PS3.16 CID 9301


def create_workitem(
    actor: Actor, sop_instance_uid: str, model: Model, *, site_code: str = ""
) -> tuple[Workitem, bool]:
    """Schedule a step; and whether what was sent was changed: type 2 attributes filled in, a label given.

    Raises  InvalidInput for a data set that creates none; Conflict if there is one by this UID;
            NotPermitted for an actor who may create none.
    """
    if not is_uid_lenient(sop_instance_uid) or sop_instance_uid in {WORKLIST, FILTERED_WORKLIST}:
        raise InvalidInput("The Workitem UID is none", code="UID_UNUSABLE")
    _check_identity(model, sop_instance_uid)
    missing = check_creation(model)
    site = _site_for(actor, model, site_code)
    now = clock.now()
    attributes = {tag: held for tag, held in model.items() if tag != TRANSACTION_UID_TAG}
    attributes |= _filled_in(model, missing) | _of_ours(sop_instance_uid)
    attributes |= element("ScheduledProcedureStepModificationDateTime", written(now))
    is_modified = bool(set(missing) - {"TransactionUID"}) or not values(model, "WorklistLabel")
    workitem = Workitem(sop_instance_uid=sop_instance_uid, site=site, created_at=now)
    _keep(workitem, attributes)
    try:
        with transaction.atomic():
            workitem.save(force_insert=True)
            subscribe_whoever_follows(workitem)
            _note(actor, "workitem.created", workitem)
    except IntegrityError as error:
        raise Conflict("There is a workitem by this UID", code="WORKITEM_EXISTS") from error
    return workitem, is_modified


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
        _keep(workitem, {**before, **changes, **now})
        workitem.save()
        tell_subscribers(workitem, news_of_change(workitem, before))
        _note(actor, "workitem.updated", workitem, attributes=changed)


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
            _keep(workitem, workitem.attributes | _as_canceled(workitem.attributes, {}))
        _check_end(workitem, wanted)
        _move(workitem, wanted)
        _note(actor, f"workitem.{_ACTIONS[wanted]}", workitem)
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
            _keep(workitem, workitem.attributes | _as_canceled(workitem.attributes, details))
            _move(workitem, State.CANCELED)
        _note(actor, "workitem.cancel_requested", workitem, state=workitem.state)
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


def workitem_to_see(actor: Actor, sop_instance_uid: str) -> Workitem:
    """Raises  NotFound for a workitem that is not there or not the actor's to see; by its code, for one removed."""
    workitem = (
        visible_workitems(actor).filter(sop_instance_uid=sop_instance_uid).select_related("site").first()
    )
    if workitem is None and was_removed(actor, sop_instance_uid):
        raise NotFound("The workitem was removed", code="WORKITEM_REMOVED")
    if workitem is None:
        raise NotFound("There is no such workitem", code="WORKITEM_UNKNOWN")
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


def _keep(workitem: Workitem, attributes: Model) -> None:
    """Give the workitem these attributes, and the columns that repeat some of them."""
    offset = first(attributes, "TimezoneOffsetFromUTC")
    workitem.attributes = attributes
    workitem.study_instance_uid = first(attributes, "StudyInstanceUID")
    workitem.starts_at = moment_of(first(attributes, "ScheduledProcedureStepStartDateTime"), offset=offset)
    workitem.modified_at = moment_of(first(attributes, "ScheduledProcedureStepModificationDateTime"))
    completion = first(attributes, "ExpectedCompletionDateTime")
    expiration = first(attributes, "ScheduledProcedureStepExpirationDateTime")
    workitem.expected_completion_at = moment_of(completion, offset=offset) if completion else None
    workitem.expires_at = moment_of(expiration, offset=offset) if expiration else None


def _check_identity(model: Model, sop_instance_uid: str) -> None:
    named = first(model, "SOPInstanceUID")
    if named and named != sop_instance_uid:
        raise InvalidInput("The data set names another Workitem UID than the request", code="UID_MISMATCH")
    if first(model, "SOPClassUID") not in {"", SOP_CLASS_UID}:
        raise InvalidInput("The data set is of another SOP Class", code="SOP_CLASS")


def _filled_in(model: Model, missing: list[str]) -> Model:
    filled = {
        tag_of(keyword): {"vr": workitem_attributes()[tag_of(keyword)].vr}
        for keyword in missing
        if keyword != "TransactionUID"
    }
    return (
        filled
        if values(model, "WorklistLabel")
        else filled | element("WorklistLabel", DEFAULT_WORKLIST_LABEL)
    )


def _of_ours(sop_instance_uid: str) -> Model:
    return (
        element("SpecificCharacterSet", _CHARACTER_SET)
        | element("SOPClassUID", SOP_CLASS_UID)
        | element("SOPInstanceUID", sop_instance_uid)
        | {STATE_TAG: {"vr": "CS", "Value": [State.SCHEDULED.value]}}
    )


def _site_for(actor: Actor, model: Model, site_code: str) -> Site:
    """Whose worklist it goes on: the site named, the one that issued the Patient ID, or the actor's only one.

    Raises  NotPermitted if the actor may create workitems nowhere, or not there; InvalidInput if it is unclear.
    """
    sites = list(sites_where(actor, Privilege.PERFORM_WORKITEMS).order_by("code"))
    chosen = [site for site in sites if not site_code or site.code == site_code]
    if not chosen:
        raise NotPermitted("You may not create workitems here", code="WORKITEM_NOT_PERMITTED")
    if len(chosen) == 1:
        return chosen[0]
    namespace = first(model, "IssuerOfPatientID")
    issuer = site_of_authority(Authority(namespace, "", "")) if namespace else None
    if issuer in chosen and issuer is not None:
        return issuer
    codes = ", ".join(site.code for site in chosen)
    raise InvalidInput(f"Name the workitem's hospital, as in ?site=: {codes}", code="SITE_UNCLEAR")


def _note(actor: Actor, action: str, workitem: Workitem, **detail: Any) -> None:
    record_audit(
        actor, action, object_kind="workitem", object_uid=workitem.sop_instance_uid,
        study_instance_uid=workitem.study_instance_uid, site_code=workitem.site.code, **detail,
    )  # fmt: skip
