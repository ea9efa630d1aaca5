"""What the routing pages show, gathered in few statements."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from accounts.actors import Actor
from accounts.models import Site
from accounts.privileges import Privilege, sites_where
from integrations.routing.models import Delivery, RoutingTable, RoutingTableVersion
from integrations.routing.selectors import Explanation, Progress, destination_progress, visible_tables
from integrations.routing.services import Difference, Trial
from portal.cases.words import Word, word
from portal.routing.wishes import Wish, aims_of, wishes_of
from portal.routing.words import BLOCKED, DELIVERY, DISABLED, ENABLED, VERSION
from workflows.decisions import text_of_value

State = RoutingTableVersion.State


@dataclass(frozen=True, slots=True)
class TableRow:
    table: RoutingTable
    in_force: RoutingTableVersion | None
    draft: RoutingTableVersion | None


@dataclass(frozen=True, slots=True)
class VersionRow:
    version: RoutingTableVersion
    state: Word


@dataclass(frozen=True, slots=True)
class DestinationRow:
    progress: Progress
    state: Word
    may_change: bool


@dataclass(frozen=True, slots=True)
class Shift:
    """How many of the series that differ go to a destination, or lie on a tier: before and after."""

    destination: str
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Change:
    """A series that would go another way, with what is asked for it in words: before and after."""

    difference: Difference
    site: Site | None
    before: list[Wish]
    after: list[Wish]


@dataclass(frozen=True, slots=True)
class Reached:
    """How far the objects of a series got on their way to a destination."""

    destination: str
    states: list[tuple[Word, int]]
    sent: int
    total: int


@dataclass(frozen=True, slots=True)
class MatchedRow:
    """A row that matched, with the values it asked for as a table writes them."""

    number: int
    notes: list[str]
    inputs: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Why:
    """One decision about a series, in words."""

    explanation: Explanation
    rows: list[MatchedRow]
    wishes: list[Wish]
    reached: list[Reached]


def table_rows(actor: Actor) -> list[TableRow]:
    """Every table the actor manages, with what is in force and what is drafted. Two statements."""
    tables = list(visible_tables(actor).select_related("site").order_by("site__code", "pk"))
    versions = (
        RoutingTableVersion.objects.filter(table__in=tables, state__in=[State.DRAFT, State.PUBLISHED])
        .defer("xml")
        .order_by("number")
    )
    held: dict[tuple[int, str], RoutingTableVersion] = {(one.table_id, one.state): one for one in versions}
    return [
        TableRow(table, held.get((table.pk, State.PUBLISHED)), held.get((table.pk, State.DRAFT)))
        for table in tables
    ]


def version_rows(versions: list[RoutingTableVersion]) -> list[VersionRow]:
    return [VersionRow(one, word(VERSION, one.state)) for one in versions]


def destination_rows(actor: Actor) -> list[DestinationRow]:
    kinds = dict(sites_where(actor, Privilege.MANAGE_ROUTING).values_list("pk", "kind"))
    of_region = Site.Kind.PROVINCIAL in kinds.values()
    return [
        DestinationRow(one, _state(one), _may_change(one, kinds.keys(), of_region=of_region))
        for one in destination_progress(actor)
    ]


def _may_change(progress: Progress, mine: Collection[int], *, of_region: bool) -> bool:
    site_id = progress.destination.site_id
    return of_region if site_id is None else site_id in mine


def _state(progress: Progress) -> Word:
    if not progress.destination.is_enabled:
        return DISABLED
    return BLOCKED if progress.is_blocked else ENABLED


def shifts_of(trial: Trial) -> list[Shift]:
    """Where the listed differences lead and how many of them, those that change most first."""
    before = Counter(aims_of(one.before) for one in trial.differences)
    after = Counter(aims_of(one.after) for one in trial.differences)
    names = sorted(before.keys() | after.keys(), key=lambda name: (-abs(after[name] - before[name]), name))
    return [Shift(name, before[name], after[name]) for name in names]


def changes_of(differences: Sequence[Difference]) -> list[Change]:
    """Series that would go another way, with both ways in words. One statement."""
    sites = Site.objects.in_bulk({one.site_code for one in differences}, field_name="code")
    return [
        Change(one, sites.get(one.site_code), wishes_of(one.before), wishes_of(one.after))
        for one in differences
    ]


def whys_of(explanations: list[Explanation]) -> list[Why]:
    return [
        Why(
            one,
            [_matched(row) for row in one.rows],
            wishes_of(one.actions),
            [_reached(name, states) for name, states in sorted(one.progress.items())],
        )
        for one in explanations
    ]


def _matched(row: dict[str, Any]) -> MatchedRow:
    return MatchedRow(
        row["row"],
        [note for note in row.get("annotations", []) if note],
        [(name, text_of_value(value)) for name, value in row.get("inputs", {}).items()],
    )


def _reached(destination: str, states: dict[str, int]) -> Reached:
    shown = [(word(DELIVERY, state), count) for state, count in sorted(states.items())]
    return Reached(destination, shown, states.get(Delivery.State.SENT, 0), sum(states.values()))
