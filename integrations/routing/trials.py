"""What if: a table asked about the series of the last days, beside the one in force. Nothing is sent."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db.models import QuerySet

from accounts.actors import Actor
from accounts.models import Site
from common import clock
from integrations.routing.access import check_manages
from integrations.routing.actions import Verdict
from integrations.routing.deciding import verdict_of, version_in_force
from integrations.routing.models import RecordedFacts, RoutingTableVersion
from integrations.routing.rules import ask, load_table

MOST_SERIES = 20_000
MOST_DIFFERENCES = 500
MOST_DAYS = 90
LONGEST_S = 20.0


@dataclass(frozen=True, slots=True)
class Difference:
    """A series that would go another way: what the table in force says of it, and what the other one says."""

    series_instance_uid: str
    site_code: str
    recorded_at: dt.datetime
    facts: dict[str, Any]
    before: list[dict[str, Any]]
    after: list[dict[str, Any]]
    rows_before: list[int]
    rows_after: list[int]
    problems: list[dict[str, Any]]


@dataclass(slots=True)
class Trial:
    """The outcome: how many series were asked about, how many differ, and the first of those that do.

    `is_cut` tells that there were more series, or more differences, than are looked at or listed.
    """

    asked: int = 0
    different: int = 0
    failed: int = 0
    is_cut: bool = False
    differences: list[Difference] = field(default_factory=list)


def what_if(xml: str, *, site: Site | None, days: int, actor: Actor) -> Trial:
    """Ask a table about the series of the last days, newest first, and compare with the one in force.

    Of no site: about every site that goes by the region's table. Each series counts once, as last recorded.
    Raises  InvalidInput with `fields` if the table cannot be used; NotPermitted.
    """
    check_manages(actor, site)
    model = load_table(xml)
    trial = Trial()
    force = version_in_force(site)
    seen: set[tuple[str, str]] = set()
    ends_at = time.monotonic() + LONGEST_S
    for row in _recorded(site, days):
        key = (row.series_instance_uid, row.facts.get("event", ""))
        if key in seen:
            continue
        if trial.asked >= MOST_SERIES or time.monotonic() > ends_at:
            trial.is_cut = True
            break
        seen.add(key)
        trial.asked += 1
        before, after = verdict_of(force, row.facts), ask(model, row.facts)
        trial.failed += bool(after.problems)
        if before.aims() != after.aims() or (after.problems and not before.problems):
            _note(trial, row, before, after)
    return trial


def _recorded(site: Site | None, days: int) -> Iterator[RecordedFacts]:
    since = clock.now() - dt.timedelta(days=min(max(days, 1), MOST_DAYS))
    rows: QuerySet[RecordedFacts] = RecordedFacts.objects.select_related("site").filter(
        recorded_at__gte=since
    )
    if site is not None:
        rows = rows.filter(site=site)
    else:
        own = RoutingTableVersion.objects.filter(
            state=RoutingTableVersion.State.PUBLISHED, table__site__isnull=False
        )
        rows = rows.exclude(site__in=own.values("table__site"))
    return rows.order_by("-recorded_at").iterator(chunk_size=500)


def _note(trial: Trial, row: RecordedFacts, before: Verdict, after: Verdict) -> None:
    trial.different += 1
    if len(trial.differences) >= MOST_DIFFERENCES:
        trial.is_cut = True
        return
    trial.differences.append(
        Difference(
            row.series_instance_uid, row.site.code, row.recorded_at, row.facts,
            [action.as_json() for action in before.actions], [action.as_json() for action in after.actions],
            [match["row"] for match in before.matched], [match["row"] for match in after.matched],
            after.problems,
        )
    )  # fmt: skip
