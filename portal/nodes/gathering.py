"""What the pages of nodes show, gathered in a fixed number of statements."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count

from accounts.models import Site
from common import clock
from integrations.dicom.models import AERole, ApplicationEntity, NodeCheck, NodeFailure, NodeTraffic
from integrations.dicom.nodes.check import STEPS
from integrations.dicom.nodes.findings import finding
from integrations.dicom.nodes.limits import MEGABYTE
from integrations.dicom.nodes.service_steps import COMMON_STORAGE, COMMON_SYNTAXES
from integrations.routing.models import Delivery
from portal.cases.words import Word
from portal.nodes.words import CHECK, FAILURE, GRADE, PURPOSE, STEP, health_of, word_of

HOURS_SHOWN = 24
FAILURES_SHOWN = 20
CHECKS_SHOWN = 10


@dataclass(frozen=True, slots=True)
class NodeRow:
    node: ApplicationEntity
    health: Word
    check: NodeCheck | None
    grade: Word | None
    sent: int
    received: int


@dataclass(slots=True)
class SiteTile:
    """A hospital on the map of the region, with its nodes."""

    site: Site
    rows: list[NodeRow] = field(default_factory=list)

    @property
    def is_troubled(self) -> bool:
        return any(row.health.tone in {"critical", "warning"} for row in self.rows)


@dataclass(frozen=True, slots=True)
class ShownStep:
    title: Any
    grade: Word
    seen: str
    advice: str
    duration_ms: float | None
    matrix: list[tuple[str, list[bool]]]


@dataclass(frozen=True, slots=True)
class ShownCheck:
    check: NodeCheck
    state: Word
    steps: list[ShownStep]
    is_running: bool
    done: int
    total: int
    syntaxes: list[str]


@dataclass(frozen=True, slots=True)
class Hour:
    """One bar of the throughput: its place, and its height in hundredths of the tallest."""

    starts: dt.datetime
    instances: int
    megabytes: float
    place: int
    height: int
    top: int


@dataclass(frozen=True, slots=True)
class ShownFailure:
    failure: NodeFailure
    words: Any
    purpose: Any


def rows_of(nodes: Sequence[ApplicationEntity]) -> list[NodeRow]:
    """Nodes with their last check and the last hour's traffic: two statements, however many there are."""
    keys = [node.pk for node in nodes]
    last = (
        NodeCheck.objects.filter(node__in=keys).order_by("node_id", "-id").distinct("node_id").defer("steps")
    )
    checks = {check.node_id: check for check in last}
    since = clock.now() - dt.timedelta(hours=1)
    traffic = {
        (row.node_id, row.direction): row.instances
        for row in NodeTraffic.objects.filter(node__in=keys, hour__gt=since)
    }
    return [
        NodeRow(
            node=node,
            health=health_of(node),
            check=checks.get(node.pk),
            grade=_state_of(checks[node.pk]) if node.pk in checks else None,
            sent=traffic.get((node.pk, "out"), 0),
            received=traffic.get((node.pk, "in"), 0),
        )
        for node in nodes
    ]


def tiles_of(rows: Sequence[NodeRow]) -> list[SiteTile]:
    """The region: hospitals by name, those in trouble first."""
    tiles: dict[int, SiteTile] = {}
    for row in rows:
        tiles.setdefault(row.node.site_id, SiteTile(row.node.site)).rows.append(row)
    return sorted(tiles.values(), key=lambda tile: (not tile.is_troubled, tile.site.code))


def shown_check(check: NodeCheck) -> ShownCheck:
    """A check with every step it will have: those that ended, the one under way, and those to come."""
    ended = [_shown_step(step) for step in check.steps]
    is_running = check.state in {NodeCheck.State.QUEUED, NodeCheck.State.RUNNING}
    for name in list(STEPS)[len(ended) :]:
        is_next = check.state == NodeCheck.State.RUNNING and len(ended) == len(check.steps)
        ended.append(ShownStep(STEP[name], GRADE["running" if is_next else "waiting"], "", "", None, []))
    syntaxes = list(COMMON_SYNTAXES.values())
    return ShownCheck(check, _state_of(check), ended, is_running, len(check.steps), len(STEPS), syntaxes)


def _state_of(check: NodeCheck) -> Word:
    return CHECK.get(check.state) or GRADE.get(check.grade, GRADE["waiting"])


def _shown_step(step: dict[str, Any]) -> ShownStep:
    words = finding(step["code"])
    return ShownStep(
        title=word_of(STEP, step["name"]),
        grade=GRADE[step["grade"]],
        seen=words.sentence(step["values"]),
        advice=str(words.advice),
        duration_ms=step["duration_ms"] or None,
        matrix=_matrix(step["more"].get("accepted", {})),
    )


def _matrix(accepted: dict[str, list[str]]) -> list[tuple[str, list[bool]]]:
    """The storage classes that are taken, each with whether it is in each transfer syntax."""
    return [
        (name, [str(syntax) in accepted[uid] for syntax in COMMON_SYNTAXES])
        for uid, name in COMMON_STORAGE.items()
        if uid in accepted
    ]


def failures_of(node: ApplicationEntity) -> list[ShownFailure]:
    """The newest calls that did not get through, in words."""
    newest = node.failures.order_by("-failed_at")[:FAILURES_SHOWN]
    return [
        ShownFailure(one, word_of(FAILURE, one.reason or one.code), word_of(PURPOSE, one.purpose))
        for one in newest
    ]


def throughput_of(node: ApplicationEntity, direction: str) -> list[Hour]:
    """The last day by hours, oldest first; hours without traffic are there, too."""
    this_hour = clock.now().replace(minute=0, second=0, microsecond=0)
    first = this_hour - dt.timedelta(hours=HOURS_SHOWN - 1)
    rows = {row.hour: row for row in node.traffic.filter(direction=direction, hour__gte=first)}
    most = max((row.instances for row in rows.values()), default=0)
    hours = []
    for place in range(HOURS_SHOWN):
        starts = first + dt.timedelta(hours=place)
        row = rows.get(starts)
        instances = row.instances if row else 0
        height = max(2, round(100 * instances / most)) if instances else 0
        megabytes = round(row.size_bytes / MEGABYTE, 1) if row else 0.0
        hours.append(Hour(starts, instances, megabytes, place * 10, height, 100 - height))
    return hours


def queue_of(node: ApplicationEntity) -> dict[str, int]:
    """How many routed objects wait for the node, were given up, and so on: by state."""
    counted = Delivery.objects.filter(
        destination__node=node, state__in=["waiting", "sending", "failed", "dead"]
    )
    return dict(counted.values_list("state").annotate(n=Count("pk")).order_by())


def roles_in_words(node: ApplicationEntity) -> list[Any]:
    return [AERole(role).label for role in node.roles if role in AERole.values]
