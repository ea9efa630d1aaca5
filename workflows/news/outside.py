"""Messages and signals that people and programs send to processes: only names processes wait for, only where they
look after cases.

The catalogue's news is told by the packages it comes from; nobody else may tell it in their name.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from accounts.actors import Actor
from accounts.audit import record_audit
from accounts.models import Site
from accounts.privileges import Privilege, sites_where
from common.errors import InvalidInput, NotPermitted
from workflows.catalogue import MESSAGES, OUR_OWN
from workflows.models import MessageSubscription, ProcessDefinition, ProcessInstance
from workflows.news.correlation import send_message
from workflows.news.signals import broadcast_signal

MAX_PAYLOAD_BYTES = 100_000
RESERVED = frozenset({"site_code", "subjects", "thrown"})
Kind = MessageSubscription.Kind


def tell_message(
    actor: Actor,
    name: str,
    *,
    site: Site,
    key: str = "",
    payload: Mapping[str, Any],
    subjects: Mapping[str, str],
) -> uuid.UUID:
    """Send a message from a site: with a key to whoever waits for it, without one to the cases of these subjects.

    Raises  InvalidInput for a name no process waits for, or neither key nor subjects; NotPermitted if a case
            of a site the actor does not look after waits for it.
    """
    begun = ProcessDefinition.objects.filter(is_active=True, start_messages__contains=[name])
    waiting = MessageSubscription.objects.filter(kind=Kind.MESSAGE, message=name)
    _check(name, payload, is_known=begun.exists() or _is_caught(name) or waiting.exists())
    if not key and not subjects:
        sentence = _("A message has a key, or says what it is about.")
        raise InvalidInput(sentence, fields={"key": sentence})
    about = Q(pk__in=[])
    for kind, uid in subjects.items():
        about |= Q(instance__subjects__kind=kind, instance__subjects__uid=uid)
    _check_reach(actor, waiting.filter(key=key) if key else waiting.filter(about, key=""))
    with transaction.atomic():
        _audit(actor, "message.told", name, site)
        return send_message(name, key=key, payload=payload, site_code=site.code, subjects=subjects)


def tell_signal(
    actor: Actor, name: str, *, site: Site, payload: Mapping[str, Any], subjects: Mapping[str, str]
) -> uuid.UUID:
    """Throw a signal from a site, for everybody who listens. Raises as `tell_message`."""
    begun = ProcessDefinition.objects.filter(is_active=True, start_signals__contains=[name])
    waiting = MessageSubscription.objects.filter(kind=Kind.SIGNAL, message=name)
    _check(name, payload, is_known=begun.exists() or waiting.exists())
    _check_reach(actor, waiting)
    with transaction.atomic():
        _audit(actor, "signal.told", name, site)
        return broadcast_signal(name, payload=payload, site_code=site.code, subjects=subjects)


def _is_caught(name: str) -> bool:
    return ProcessDefinition.objects.filter(is_active=True, catch_messages__contains=[name]).exists()


def _check(name: str, payload: Mapping[str, Any], *, is_known: bool) -> None:
    if name in MESSAGES or name in OUR_OWN or not is_known:
        sentence = _("No process waits for news of this name from outside.")
        raise InvalidInput(sentence, code="NEWS_UNKNOWN", fields={"name": sentence})
    if RESERVED & set(payload):
        sentence = _("These names are taken: %(names)s.") % {"names": ", ".join(sorted(RESERVED))}
        raise InvalidInput(sentence, fields={"payload": sentence})
    if len(json.dumps(payload)) > MAX_PAYLOAD_BYTES:
        sentence = _("News has 100 kB at most: identifiers and codes, no content.")
        raise InvalidInput(sentence, fields={"payload": sentence})


def _check_reach(actor: Actor, waiting: QuerySet[MessageSubscription]) -> None:
    """News may move no case of a site whose cases the actor does not look after."""
    beyond = waiting.filter(instance__status=ProcessInstance.Status.RUNNING).exclude(
        instance__site__in=sites_where(actor, Privilege.OPERATE_CASES)
    )
    if beyond.exists():
        raise NotPermitted(_("A case of a site that you do not look after waits for this."))


def _audit(actor: Actor, action: str, name: str, site: Site) -> None:
    record_audit(actor, action, object_kind="news", object_uid=name[:80], site_code=site.code)
