"""What of routing callers may see: tables, destinations, why a series went where it went, and what got stuck."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import Count, Exists, Min, OuterRef, Q, QuerySet, Subquery

from accounts.actors import Actor, SystemActor
from accounts.models import Site
from accounts.privileges import Privilege, sites_where
from archive.studies.models import Series
from common import clock
from integrations.dicom.models import ApplicationEntity
from integrations.routing.access import manages_region
from integrations.routing.lanes import OPEN
from integrations.routing.models import (
    Delivery,
    Destination,
    RoutingDecision,
    RoutingTable,
)

DAYS_TO_MEND = 30


def visible_tables(actor: Actor) -> QuerySet[RoutingTable]:
    """The tables of the sites whose routing the actor manages, and the region's for whoever manages any."""
    return RoutingTable.objects.filter(_mine(actor))


def visible_destinations(actor: Actor) -> QuerySet[Destination]:
    """Destinations of the sites whose routing the actor manages, and the region's."""
    return Destination.objects.filter(_mine(actor))


def changeable_destinations(actor: Actor) -> QuerySet[Destination]:
    """Destinations the actor may change: of the sites whose routing they manage; the region's, if they manage it."""
    if isinstance(actor, SystemActor):
        return Destination.objects.all()
    regions = Q(site=None) if manages_region(actor) else Q(pk__in=[])
    return Destination.objects.filter(Q(site__in=sites_where(actor, Privilege.MANAGE_ROUTING)) | regions)


def visible_decisions(actor: Actor) -> QuerySet[RoutingDecision]:
    """Decisions about studies of the sites whose routing the actor manages, or whose studies the actor may view.

    They hold UIDs, codes and descriptions. Who manages the region's routing sees all of them.
    """
    if isinstance(actor, SystemActor) or manages_region(actor):
        return RoutingDecision.objects.all()
    return RoutingDecision.objects.filter(
        Q(site__in=sites_where(actor, Privilege.MANAGE_ROUTING))
        | Q(site__in=sites_where(actor, Privilege.VIEW_STUDIES))
    )


def decisions_to_mend(actor: Actor) -> QuerySet[RoutingDecision]:
    """Decisions of which something could not be done, the newest first, where the actor manages routing.

    A series that was decided upon again since is judged by its latest decision; what is older than
    DAYS_TO_MEND is history.
    """
    later = RoutingDecision.objects.filter(
        series_instance_uid=OuterRef("series_instance_uid"), pk__gt=OuterRef("pk")
    )
    since = clock.now() - dt.timedelta(days=DAYS_TO_MEND)
    found = (
        RoutingDecision.objects.exclude(problems=[])
        .filter(~Exists(later), decided_at__gte=since)
        .order_by("-pk")
    )
    if isinstance(actor, SystemActor):
        return found
    managed = sites_where(actor, Privilege.MANAGE_ROUTING)
    return found.filter(Q(site__in=managed) | Exists(managed.filter(kind=Site.Kind.PROVINCIAL)))


def dead_letters(actor: Actor) -> QuerySet[Delivery]:
    """Objects that were given up, the newest first, from sites whose routing the actor manages.

    What has no decision (it was sent by a process) is shown to whoever manages its destination.
    """
    dead = Delivery.objects.filter(state=Delivery.State.DEAD).order_by("-ended_at", "-pk")
    if isinstance(actor, SystemActor) or manages_region(actor):
        return dead
    sites = sites_where(actor, Privilege.MANAGE_ROUTING)
    return dead.filter(Q(decision__site__in=sites) | Q(decision=None, destination__site__in=sites))


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a series went where it went: one decision, in the words of the table.

    `rows` have `row` (number in the table, from 1), `rule_id`, `annotations` and `inputs` (expression and
    the value it had); `progress` counts deliveries by destination and state.
    """

    decision: RoutingDecision
    table: RoutingTable | None
    version_number: int | None
    rows: list[dict[str, Any]]
    actions: list[dict[str, Any]]
    problems: list[dict[str, Any]]
    facts: dict[str, Any]
    progress: dict[str, dict[str, int]]


def explain(series: Series, *, actor: Actor) -> list[Explanation]:
    """Every decision about a series, the newest first. Three statements."""
    decisions = list(
        visible_decisions(actor)
        .filter(series_instance_uid=series.series_instance_uid)
        .select_related("version__table", "facts", "site")
        .order_by("-decided_at", "-pk")[:50]
    )
    progress = progress_of([series.series_instance_uid])
    return [
        Explanation(
            decision,
            decision.version.table if decision.version else None,
            decision.version.number if decision.version else None,
            decision.matched, decision.actions, decision.problems,
            decision.facts.facts if decision.facts else {},
            progress.get(decision.pk, {}),
        )
        for decision in decisions
    ]  # fmt: skip


def progress_of(series_instance_uids: Collection[str]) -> dict[int | None, dict[str, dict[str, int]]]:
    """Deliveries of these series counted by decision, destination and state. One statement."""
    progress: dict[int | None, dict[str, dict[str, int]]] = {}
    counted = (
        Delivery.objects.filter(series_instance_uid__in=series_instance_uids)
        .order_by()
        .values_list("decision_id", "destination__key", "state")
        .annotate(count=Count("pk"))
    )
    for decision_id, key, state, count in counted:
        progress.setdefault(decision_id, {}).setdefault(key, {})[state] = count
    return progress


@dataclass(frozen=True, slots=True)
class Progress:
    """How a destination is doing: what is open (`failed` was tried already), since when, what was given up."""

    destination: Destination
    waiting: int
    failed: int
    oldest_at: dt.datetime | None
    dead: int

    @property
    def is_blocked(self) -> bool:
        """Whether the destination is left alone just now because it failed."""
        return self.destination.failures > 0


def destination_progress(actor: Actor) -> list[Progress]:
    """Every destination the actor may see, by key. Three statements, whatever was sent before."""
    return _progress(visible_destinations(actor).select_related("node", "site").order_by("key"))


def node_progress(node: ApplicationEntity) -> Progress | None:
    """What is on its way to a node; None if nothing was ever routed to it."""
    return next(iter(_progress(Destination.objects.filter(node=node))), None)


def destinations_standing_still(actor: Actor) -> QuerySet[Destination]:
    """Destinations that objects wait for longer than is normal, with `waiting_since`; the longest wait first."""
    limit = clock.now() - dt.timedelta(hours=settings.STANDSTILL_WAITING_HOURS)
    waiting = Delivery.objects.filter(
        destination=OuterRef("pk"), state__in=OPEN, queued_at__lt=limit
    ).order_by("queued_at")
    return (
        visible_destinations(actor)
        .select_related("site")
        .annotate(waiting_since=Subquery(waiting.values("queued_at")[:1]))
        .filter(waiting_since__isnull=False)
        .order_by("waiting_since")
    )


def _progress(destinations: QuerySet[Destination]) -> list[Progress]:
    found = list(destinations)
    keys = [one.pk for one in found]
    is_failed = Q(state=Delivery.State.FAILED)
    open_rows = Delivery.objects.filter(
        state__in=OPEN, lane__destination__in=keys, lane__next_at__isnull=False
    ).order_by()
    waiting: dict[int, tuple[int, int, dt.datetime]] = {
        key: (count, failed, oldest)
        for key, count, failed, oldest in open_rows.values_list("lane__destination").annotate(
            count=Count("pk"), failed=Count("pk", filter=is_failed), oldest=Min("queued_at")
        )
    }
    dead: dict[int, int] = dict(
        Delivery.objects.filter(state=Delivery.State.DEAD, destination__in=keys)
        .order_by()
        .values_list("destination")
        .annotate(count=Count("pk"))
    )
    return [Progress(one, *_open(waiting, one), dead.get(one.pk, 0)) for one in found]


def _open(
    waiting: dict[int, tuple[int, int, dt.datetime]], destination: Destination
) -> tuple[int, int, dt.datetime | None]:
    return waiting.get(destination.pk, (0, 0, None))


def _mine(actor: Actor) -> Q:
    if isinstance(actor, SystemActor):
        return Q()
    sites = sites_where(actor, Privilege.MANAGE_ROUTING)
    return Q(site__in=sites) | Q(Exists(sites), site=None)


def sites_managed(actor: Actor) -> QuerySet[Site]:
    """The sites whose routing the actor manages."""
    return sites_where(actor, Privilege.MANAGE_ROUTING)
