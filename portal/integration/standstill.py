"""What of the gateway stands still: states older than is normal, gathered from the packages that own them.

Every row leads to the page where something can be done about it. Each kind is asked for at most
`SHOWN` rows, asked only of those whom the page behind it is open to.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import chain
from typing import TypeVar

from django.db import models
from django.urls import reverse

from accounts.models import Person, Site
from accounts.privileges import Privilege
from common import clock
from integrations.dicom.models import ApplicationEntity
from integrations.dicom.nodes.selectors import nodes_left_alone_too_long
from integrations.dicom.notices.selectors import nodes_with_waiting_notices
from integrations.routing.models import Destination
from integrations.routing.selectors import destinations_standing_still
from portal.integration import stored
from portal.integration.stored import Stored, stored_standing_still

M = TypeVar("M", bound=models.Model)
SHOWN = 50
MANAGERS = frozenset({
    Privilege.MANAGE_NODES, Privilege.MANAGE_ROUTING, Privilege.MANAGE_STORAGE, Privilege.CORRECT_STUDIES,
})  # fmt: skip


class Kind(models.TextChoices):
    NODE = "node_left_alone"
    NOTICES = "notices_waiting"
    DESTINATION = "deliveries_waiting"
    SEGMENT = stored.SEGMENT
    FINDING = stored.FINDING
    COPY = stored.COPY
    CORRECTION = stored.CORRECTION


@dataclass(frozen=True, slots=True)
class StandingStill:
    """One thing that stands still: what, since when, and the code of what went wrong last."""

    kind: Kind
    subject: str
    site: Site | None
    since: dt.datetime
    code: str
    href: str


@dataclass(frozen=True, slots=True)
class Gateway:
    """All of it, the longest first; `is_cut` tells that a kind has more rows than are shown."""

    rows: list[StandingStill]
    is_cut: bool


def standing_still(person: Person, privileges: frozenset[Privilege]) -> Gateway:
    """What stands still at the sites the person looks after; at most five statements."""
    parts: list[list[StandingStill]] = []
    if Privilege.MANAGE_NODES in privileges:
        parts.append(_first(nodes_left_alone_too_long(person), _node))
        parts.append(_first(nodes_with_waiting_notices(person), _notices))
    if Privilege.MANAGE_ROUTING in privileges:
        parts.append(_first(destinations_standing_still(person), _destination))
    found = stored_standing_still(person, privileges, limit=SHOWN + 1)
    parts += [[_stored(one) for one in rows] for rows in found.values()]
    rows = sorted(chain.from_iterable(part[:SHOWN] for part in parts), key=lambda row: row.since)
    return Gateway(rows, any(len(part) > SHOWN for part in parts))


def _first(found: models.QuerySet[M], row: Callable[[M], StandingStill]) -> list[StandingStill]:
    rows: Iterable[M] = found[: SHOWN + 1]
    return [row(one) for one in rows]


def _node(node: ApplicationEntity) -> StandingStill:
    health = node.health
    since = health.opened_at or clock.now()  # the selector asks for those that have one
    href = reverse("node", args=[node.pk])
    return StandingStill(Kind.NODE, node.ae_title, node.site, since, health.last_error_code, href)


def _notices(node: ApplicationEntity) -> StandingStill:
    href = reverse("node", args=[node.pk])
    return StandingStill(Kind.NOTICES, node.ae_title, node.site, _since(node), "", href)


def _destination(destination: Destination) -> StandingStill:
    return StandingStill(
        Kind.DESTINATION, destination.key, destination.site, _since(destination), destination.last_error_code,
        reverse("routing-destinations"),
    )  # fmt: skip


def _stored(one: Stored) -> StandingStill:
    page = {
        Kind.SEGMENT: lambda: reverse("storage"),
        Kind.FINDING: lambda: f"{reverse('storage-findings')}?state={one.state}",
        Kind.COPY: lambda: f"{reverse('storage-moves')}?state={one.state}",
        Kind.CORRECTION: lambda: reverse("study", args=[one.subject]),
    }
    kind = Kind(one.what)
    return StandingStill(kind, one.subject, one.site, one.since, one.code, page[kind]())


def _since(found: models.Model) -> dt.datetime:
    """What the selector's annotation says."""
    since: dt.datetime = vars(found)["waiting_since"]
    return since
