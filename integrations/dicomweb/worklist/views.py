"""Workitems: create, retrieve, update, change state, request cancellation.

Reference  PS3.18 §11.4 to §11.8
"""

from __future__ import annotations

import re

from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse

from accounts.models import Person
from archive.workitems.creation import create_workitem
from archive.workitems.datasets import first
from archive.workitems.selectors import workitem_to_see
from archive.workitems.services import change_state, request_cancellation, update_workitem
from archive.workitems.states import requested_state
from archive.workitems.subscriptions import check_ae_title
from common.errors import InvalidInput
from common.uids import is_uid_lenient, new_uid
from integrations.dicomweb.charsets import check_charset
from integrations.dicomweb.door import dicomweb_view, nothing, warn
from integrations.dicomweb.media_types import DICOM_JSON, JSON, negotiate
from integrations.dicomweb.worklist.answers import one_workitem
from integrations.dicomweb.worklist.payload import data_set
from integrations.dicomweb.worklist.telling import (
    ALREADY,
    CREATED_WITH_MODIFICATIONS,
    ON_CANCELLATION,
    ON_CHANGE_OF_STATE,
    ON_UPDATE,
    refusing_with,
)
from integrations.dicomweb.worklist.trail import note_retrieval
from integrations.dicomweb.xml_answers import XML_OFFERS

OFFERS = (DICOM_JSON, JSON, *XML_OFFERS)
_UID_NAMES = ("workitem", "AffectedSOPInstanceUID", "00001000")
_KEY_NAMES = ("transaction-uid", "transaction", "TransactionUID", "00081195")
_BARE_UID = re.compile(r"[0-9.]{1,64}")


@dicomweb_view("POST")
@refusing_with()
def create(request: HttpRequest, actor: Person) -> HttpResponseBase:
    """Put a workitem on the worklist: 201 with its address (§11.4).

    The UID is the `workitem` query parameter or the data set's own; without either it is given one.
    """
    check_charset(request)
    sent = data_set(request)
    named = _uid_in_query(request, _UID_NAMES) or first(sent, "SOPInstanceUID")
    uid = named or new_uid()
    _workitem, is_modified = create_workitem(actor, uid, sent, site_code=request.GET.get("site", "")[:32])
    response = nothing(201)
    address = request.build_absolute_uri(reverse("dicomweb:workitem", kwargs={"workitem": uid}))
    response["Location"] = response["Content-Location"] = address
    if is_modified or not named:
        warn(request, response, CREATED_WITH_MODIFICATIONS)
    return response


@dicomweb_view("GET")
@refusing_with()
def retrieve(request: HttpRequest, actor: Person, workitem: str) -> HttpResponseBase:
    """The workitem, without its Transaction UID (§11.5)."""
    check_charset(request)
    media = negotiate(request, OFFERS)
    found = workitem_to_see(actor, _checked_uid(workitem))
    response = one_workitem(media, found.attributes)
    response["Content-Location"] = request.build_absolute_uri(request.path)
    response["Cache-Control"] = "no-cache"
    note_retrieval(actor, found)
    return response


@dicomweb_view("POST")
@refusing_with(ON_UPDATE)
def update(request: HttpRequest, actor: Person, workitem: str) -> HttpResponseBase:
    """Set attributes of a workitem (§11.6).

    The Transaction UID is a query parameter; as an attribute, which is how DIMSE carries it, it is taken too.
    """
    check_charset(request)
    sent = data_set(request)
    keys = {uid for uid in (_uid_in_query(request, _KEY_NAMES), first(sent, "TransactionUID")) if uid}
    if len(keys) > 1:
        raise InvalidInput("The request names two Transaction UIDs", code="TRANSACTION_UID_INCORRECT")
    update_workitem(actor, _checked_uid(workitem), sent, transaction_uid=next(iter(keys), ""))
    return nothing()


@dicomweb_view("PUT")
@refusing_with(ON_CHANGE_OF_STATE)
def change(request: HttpRequest, actor: Person, workitem: str) -> HttpResponseBase:
    """Claim, complete or cancel a workitem with its Transaction UID (§11.7)."""
    check_charset(request)
    sent = data_set(request)
    wanted = requested_state(first(sent, "ProcedureStepState"))
    uid = _checked_uid(workitem)
    is_new = change_state(actor, uid, wanted, transaction_uid=first(sent, "TransactionUID"))
    response = nothing()
    if not is_new:
        warn(request, response, ALREADY[wanted])
    return response


@dicomweb_view("POST")
@refusing_with(ON_CANCELLATION)
def cancel(request: HttpRequest, actor: Person, workitem: str) -> HttpResponseBase:
    """Ask that a workitem be canceled, whoever performs it (§11.8).

    `requester` names the AE that asks, as subscribers are told it; without it the person's own name stands there.
    """
    check_charset(request)
    details = data_set(request, may_be_missing=True)
    requester = request.GET.get("requester") or _as_ae_title(actor)
    is_new = request_cancellation(
        actor, _checked_uid(workitem), details, requesting_ae=check_ae_title(requester)
    )
    response = nothing(202)
    if not is_new:
        warn(request, response, ALREADY["CANCELED"])
    return response


def _uid_in_query(request: HttpRequest, names: tuple[str, ...]) -> str:
    """A UID by any of these names, or bare: the standard's template is `?{uid}` (§11.4.1.1, §11.6.1)."""
    found = next((request.GET[name] for name in names if request.GET.get(name)), "")
    if not found:
        found = next(
            (name for name, value in request.GET.items() if not value and _BARE_UID.fullmatch(name)), ""
        )
    if found and not is_uid_lenient(found):
        raise InvalidInput("The query names no UID", code="UID_UNUSABLE")
    return found


def _checked_uid(workitem: str) -> str:
    if not is_uid_lenient(workitem):
        raise InvalidInput("The path names no Workitem UID", code="UID_UNUSABLE")
    return workitem


def _as_ae_title(actor: Person) -> str:
    name = "".join(letter for letter in actor.username.upper() if letter.isascii() and letter.isalnum())
    return name[:16] or "UNKNOWN"
