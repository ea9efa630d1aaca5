"""Subscriptions to workitems and to the worklist.

Reference  PS3.18 §11.10 (Subscribe), §11.11 (Unsubscribe), §11.12 (Suspend Global Subscription)
"""

from __future__ import annotations

from urllib.parse import quote, unquote

from django.http import HttpRequest, HttpResponseBase

from accounts.models import Person
from archive.studies.queries.requests import Key
from archive.workitems.creation import FILTERED_WORKLIST, WORKLIST
from archive.workitems.matching import matched
from archive.workitems.models import WorklistSubscription
from archive.workitems.selectors import workitem_to_see
from archive.workitems.subscriptions import (
    check_ae_title,
    subscribe_to_workitem,
    subscribe_to_worklist,
    suspend,
    unsubscribe_from_workitem,
    unsubscribe_from_worklist,
)
from common.errors import InvalidInput, NotFound
from common.uids import is_uid_lenient
from integrations.dicomweb.door import dicomweb_view, nothing
from integrations.dicomweb.search.parameters import search_parameters
from integrations.dicomweb.worklist.telling import refusing_with

CHANNEL_PATH = "/ws/dicomweb/subscribers/"
_KINDS = {WORKLIST: WorklistSubscription.Kind.WORKLIST, FILTERED_WORKLIST: WorklistSubscription.Kind.FILTERED}
_OWN = frozenset({"deletionlock", "filter", "accept", "charset"})
_FLAGS = {"true": True, "false": False}


@dicomweb_view("POST")
@refusing_with()
def subscribe(request: HttpRequest, actor: Person, workitem: str, aetitle: str) -> HttpResponseBase:
    """Create a subscription: 201 with the address of the event channel in Content-Location."""
    ae_title = check_ae_title(aetitle)
    has_lock = _deletion_lock(request)
    kind = _KINDS.get(workitem)
    if kind is not None:
        keys = _filter(request) if kind is WorklistSubscription.Kind.FILTERED else ()
        subscribe_to_worklist(actor, ae_title=ae_title, has_lock=has_lock, kind=kind, keys=keys)
    else:
        found = workitem_to_see(actor, _checked(workitem))
        subscribe_to_workitem(actor, found, ae_title=ae_title, has_lock=has_lock)
    response = nothing(201)
    scheme = "wss" if request.is_secure() else "ws"
    response["Content-Location"] = f"{scheme}://{request.get_host()}{CHANNEL_PATH}{quote(ae_title, safe='')}"
    return response


@dicomweb_view("DELETE")
@refusing_with()
def unsubscribe(request: HttpRequest, actor: Person, workitem: str, aetitle: str) -> HttpResponseBase:  # noqa: ARG001
    """End a subscription, and take its deletion locks away."""
    kind = _KINDS.get(workitem)
    if kind is not None:
        unsubscribe_from_worklist(actor, ae_title=check_ae_title(aetitle), kind=kind)
    else:
        unsubscribe_from_workitem(actor, _checked(workitem), ae_title=check_ae_title(aetitle))
    return nothing()


@dicomweb_view("POST")
@refusing_with()
def suspend_subscription(
    request: HttpRequest,  # noqa: ARG001 - the route's
    actor: Person,
    workitem: str,
    aetitle: str,
) -> HttpResponseBase:
    """Subscribe the AE to no further workitems; its subscriptions to single workitems stay."""
    kind = _KINDS.get(workitem)
    if kind is None:
        raise NotFound("Only a subscription to the worklist is suspended", code="SUBSCRIPTION_UNKNOWN")
    suspend(actor, ae_title=check_ae_title(aetitle), kind=kind)
    return nothing()


def _deletion_lock(request: HttpRequest) -> bool:
    text = request.GET.get("deletionlock", "false").lower()
    if text not in _FLAGS:
        raise InvalidInput("deletionlock is true or false", code="PARAMETER_VALUE")
    return _FLAGS[text]


def _filter(request: HttpRequest) -> tuple[Key, ...]:
    """The matching keys: `filter=key=value,key=value` (§11.10.1.2), or query parameters as in a search.

    Raises  InvalidInput if there is none, or one that nothing is matched by.
    """
    pairs = [pair for pair in request.META.get("QUERY_STRING", "").split("&") if pair]
    named = [pair for pair in pairs if unquote(pair.partition("=")[0]) not in _OWN]
    for pair in pairs:
        name, _equals, value = pair.partition("=")
        if unquote(name) == "filter":
            named += _listed(unquote(value))
    asked = search_parameters("&".join(named))
    if asked.passed_over:
        raise InvalidInput("A filter names what is no attribute", code="FILTER_UNSUPPORTED")
    keys = tuple(key for key in asked.keys if not key.is_universal)
    if not keys:
        raise InvalidInput("A filtered worklist is subscribed to with a filter", code="FILTER_MISSING")
    if unsupported := matched(keys).unsupported:
        tags = ", ".join(f"{tag:08X}" for tag in unsupported)
        raise InvalidInput(f"Nothing is matched by these attributes: {tags}", code="FILTER_UNSUPPORTED")
    return keys


def _listed(text: str) -> list[str]:
    """The pairs of a list; a comma before what names no attribute belongs to the value before it."""
    pairs: list[str] = []
    for part in text.split(","):
        if "=" in part or not pairs:
            name, _equals, value = part.partition("=")
            pairs.append(f"{quote(name.strip())}={quote(value)}")
        else:
            pairs[-1] += quote(f",{part}")
    return pairs


def _checked(workitem: str) -> str:
    if not is_uid_lenient(workitem):
        raise InvalidInput("The path names no Workitem UID", code="UID_UNUSABLE")
    return workitem
