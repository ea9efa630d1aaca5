"""Creating workitems.

Reference  PS3.4 §CC.2.5 (N-CREATE), PS3.18 §11.4
"""

from __future__ import annotations

from django.db import IntegrityError, transaction

from accounts.actors import Actor
from accounts.models import Site
from accounts.privileges import Privilege, sites_where
from archive.mpi.selectors import site_of_authority
from archive.workitems.attributes import tag_of, workitem_attributes
from archive.workitems.datasets import Model, element, first, values
from archive.workitems.keeping import keep, note
from archive.workitems.models import Workitem
from archive.workitems.moments import written
from archive.workitems.requirements import STATE_TAG, TRANSACTION_UID_TAG, check_creation
from archive.workitems.subscriptions import subscribe_whoever_follows
from common import clock
from common.errors import Conflict, InvalidInput, NotPermitted
from common.identifiers import Authority
from common.uids import is_uid_lenient

SOP_CLASS_UID = "1.2.840.10008.5.1.4.34.6.1"  # that of UPS Push, whichever class is spoken (PS3.4 §CC.3.1)
WORKLIST, FILTERED_WORKLIST = "1.2.840.10008.5.1.4.34.5", "1.2.840.10008.5.1.4.34.5.1"
DEFAULT_WORKLIST_LABEL = "Default"
_CHARACTER_SET = "ISO_IR 192"


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
    keep(workitem, attributes)
    try:
        with transaction.atomic():
            workitem.save(force_insert=True)
            subscribe_whoever_follows(workitem)
            note(actor, "workitem.created", workitem)
    except IntegrityError as error:
        raise Conflict("There is a workitem by this UID", code="WORKITEM_EXISTS") from error
    return workitem, is_modified


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
        | {STATE_TAG: {"vr": "CS", "Value": [Workitem.State.SCHEDULED.value]}}
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
