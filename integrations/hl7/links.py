"""Adding, changing and trying links, with a line in the audit trail each."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.actors import Actor
from accounts.audit import record_audit
from accounts.models import Site
from accounts.privileges import Privilege, sites_where
from common.errors import Conflict, InvalidInput, NotPermitted
from integrations.hl7.link_values import check_whole, cleaned, invalid
from integrations.hl7.mllp import Client
from integrations.hl7.models import Link

TRIAL_TIMEOUT_S = 3.0


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of connecting to a partner: "" or a code for what was wrong, and how long it took."""

    error_code: str
    milliseconds: int


def create_link(*, actor: Actor, site: Site, values: Mapping[str, Any]) -> Link:
    """Add a link to a site; messages go by it from now on.

    Raises  InvalidInput with a sentence a field; NotPermitted if the actor manages no nodes of the site.
    """
    _require(actor, site)
    link = Link(site=site, **cleaned({"name": "", "direction": "", **values}, is_new=True))
    with _kept_once(), transaction.atomic():
        link.save(force_insert=True)
        _audit(actor, "link.created", link, **_facts(link))
    return link


def update_link(link: Link, *, actor: Actor, changes: Mapping[str, Any]) -> Link:
    """Change what is given of a link; it holds from the next message on. Name, direction and site stay.

    Raises  InvalidInput with a sentence a field; NotPermitted if the actor manages no nodes of the link's site.
    """
    _require(actor, link.site)
    kept = cleaned(changes, is_new=False)
    with _kept_once(), transaction.atomic():
        held = Link.objects.select_for_update(of=("self",)).select_related("site").get(pk=link.pk)
        before = {name: getattr(held, name) for name, value in kept.items() if getattr(held, name) != value}
        for name in before:
            setattr(held, name, kept[name])
        check_whole(held)
        if before:
            held.save(update_fields=list(before))
            after = {name: kept[name] for name in before}
            _audit(actor, "link.changed", held, before=before, after=after)
    return held


def try_link(link: Link, *, actor: Actor) -> Trial:
    """Connect to the partner of an outbound link, and hang up again: no message is sent, HL7 has none for that.

    Raises  Conflict for an inbound link, whose partner calls us; NotPermitted as `update_link`.
    """
    _require(actor, link.site)
    if link.direction != Link.Direction.OUTBOUND:
        raise Conflict(
            _("The partner of this link calls us; there is nothing to connect to."), code="LINK_INBOUND"
        )
    began = time.monotonic()
    code = ""
    try:
        Client(link.host, link.port or 0, connect_timeout_s=TRIAL_TIMEOUT_S).close()
    except OSError as error:
        code = _code_of(error)
    trial = Trial(code, max(1, round((time.monotonic() - began) * 1000)))
    _audit(actor, "link.tried", link, error=trial.error_code)
    return trial


def _code_of(error: OSError) -> str:
    match error:
        case socket.gaierror():
            return "HOST_UNKNOWN"
        case ConnectionRefusedError():
            return "CONNECTION_REFUSED"
        case TimeoutError():
            return "TIMED_OUT"
    return "UNREACHABLE"


def _require(actor: Actor, site: Site) -> None:
    if not sites_where(actor, Privilege.MANAGE_NODES).filter(pk=site.pk).exists():
        raise NotPermitted(_("You may not change the links of this site."), code="LINKS_NOT_YOURS")


@contextmanager
def _kept_once() -> Iterator[None]:
    """Say by its field what another link has already, of one that is being written."""
    try:
        yield
    except IntegrityError as error:
        raise _taken(error) from error


def _taken(error: IntegrityError) -> InvalidInput:
    if "link_sender_once" in str(error):
        sentence = _("Another link that is switched on is for this sending application and facility.")
        return invalid({"sending_application": sentence}, code="SENDER_TAKEN")
    return invalid({"name": _("A link of this name exists already.")}, code="NAME_TAKEN")


def _facts(link: Link) -> dict[str, Any]:
    names = ("direction", "host", "port", "sending_application", "sending_facility", "mapping_script")
    return {name: getattr(link, name) for name in names}


def _audit(actor: Actor, action: str, link: Link, **detail: Any) -> None:
    record_audit(actor, action, object_kind="link", object_uid=link.name, site_code=link.site.code, **detail)
