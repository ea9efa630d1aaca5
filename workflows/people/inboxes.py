"""The inbox in pages: the most urgent first, at a cost that does not grow with what waits.

Every part of a person's inbox (theirs, offered to each role they hold at each site, to them or one of their
roles as candidates) is read from an index that is in the list's own order, one urgency at a time, from the
place where the last page ended; no part is read beyond one page. So neither 100 000 open tasks nor many roles
change what a page costs: at most parts x urgencies x page rows, merged.
"""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass, replace
from typing import Any

from django.db import connection
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from accounts.models import Membership, Person, Role, Site
from common import clock
from workflows.models import LIST_ORDER, NO_DUE_DATE, RANKS, ROUTINE_RANK, TaskCandidate, UserTask

ALL_RANKS = (*sorted(RANKS.values()), ROUTINE_RANK)
MOST_ROWS = 200
COUNTED = 100
_FIRST_MOMENT = dt.datetime(1, 1, 1, tzinfo=dt.UTC)
_FIRST_UID = uuid.UUID(int=0)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a task stands in the list: its urgency, its due date, since when it is offered, its UID."""

    rank: int
    due_by: dt.datetime
    offered_at: dt.datetime
    uid: uuid.UUID


@dataclass(frozen=True, slots=True)
class Wish:
    """What of the inbox is wanted. Everything, unless narrowed.

    `mine` and `free` choose between tasks in one's own hands and those one could take; with `named`, of the latter
    only those that are offered to the person by name.
    """

    mine: bool = True
    free: bool = True
    named: bool = False
    ranks: tuple[int, ...] = ALL_RANKS
    due_before: dt.datetime | None = None
    site: str = ""
    role: str = ""
    lane: str = ""
    element: str = ""


def inbox_page(
    person: Person, wish: Wish | None = None, *, after: Place | None = None, size: int = 50
) -> list[UserTask]:
    """The next tasks of a person's inbox, with their case, site and assignee.

    Open tasks that are the person's, or free for a role they hold or for them as a candidate: the most
    urgent first, of these what is due first, then what waits longest.
    """
    size = min(max(size, 1), MOST_ROWS + 1)
    return _listed(_PAGE, _parameters(person, wish or Wish(), after, size))


def team_page(
    sites: QuerySet[Site], wish: Wish | None = None, *, after: Place | None = None, size: int = 50
) -> list[UserTask]:
    """The next open tasks of these sites, whoever has them, in the order of an inbox."""
    wish = wish or Wish()
    size = min(max(size, 1), MOST_ROWS + 1)
    keys = list((sites.filter(code=wish.site) if wish.site else sites).values_list("pk", flat=True))
    roles = [wish.role] if wish.role else Role.values
    starts = _starts(wish.ranks, after)
    return _listed(_TEAM, [keys, roles, *_columns(starts), wish.free, wish.mine, *_inside(wish, size), size])


def place_of(task: UserTask) -> Place:
    """Where a task stands in the list, for the page that follows it."""
    return Place(task.rank, task.due_by, task.offered_at, task.uid)


def inbox_counts(person: Person, wishes: dict[str, Wish]) -> dict[str, int]:
    """How many tasks each wish finds, in one statement; counting stops at `COUNTED`."""
    parts = ", ".join(f"(SELECT count(*) FROM ({_PAGE}) AS counted)" for _ in wishes)  # noqa: S608
    values = [value for wish in wishes.values() for value in _parameters(person, wish, None, COUNTED)]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {parts}", values)
        return dict(zip(wishes, cursor.fetchone(), strict=True))


def overdue(wish: Wish) -> Wish:
    """What of a wish is late now."""
    return replace(wish, due_before=clock.now())


def _listed(page: str, parameters: list[Any]) -> list[UserTask]:
    """The tasks that a statement finds, in the order of lists."""
    keys = RawSQL(f"SELECT uid FROM ({page}) AS page", parameters)  # noqa: S608, S611 - a text of ours, values apart
    return list(_with_cases().filter(pk__in=keys).order_by(*LIST_ORDER))


def _with_cases() -> QuerySet[UserTask]:
    """Tasks with what a list shows of them: the case with its definition and subjects, site, assignee, owner."""
    return (
        UserTask.objects.select_related("instance__definition", "instance__site", "site", "assignee", "owner")
        .defer("instance__state", "instance__definition__files")
        .prefetch_related("instance__subjects")
    )


def _parameters(person: Person, wish: Wish, after: Place | None, size: int) -> list[Any]:
    starts = _starts(wish.ranks, after)
    narrowed = [wish.site, wish.site, wish.role, wish.role]
    inside = _inside(wish, size)
    return [
        person.pk, *narrowed,
        *_columns(starts),
        person.pk, *narrowed, *inside, wish.mine,
        *inside, wish.free and not wish.named,
        person.pk, *narrowed, *inside, wish.free,
        *inside, wish.free and not wish.named,
        size,
    ]  # fmt: skip


def _inside(wish: Wish, size: int) -> list[Any]:
    before = wish.due_before or NO_DUE_DATE + dt.timedelta(hours=1)
    return [before, wish.lane, wish.lane, wish.element, wish.element, size]


def _columns(starts: list[Place]) -> list[list[Any]]:
    """The places as the columns of a table."""
    return [
        [start.rank for start in starts],
        [start.due_by for start in starts],
        [start.offered_at for start in starts],
        [start.uid for start in starts],
    ]


def _starts(ranks: tuple[int, ...], after: Place | None) -> list[Place]:
    """Where to begin in each urgency: behind the last page, or at its first task."""
    if after is None:
        return [Place(rank, _FIRST_MOMENT, _FIRST_MOMENT, _FIRST_UID) for rank in ranks]
    first = [Place(rank, _FIRST_MOMENT, _FIRST_MOMENT, _FIRST_UID) for rank in ranks if rank > after.rank]
    return [after, *first] if after.rank in ranks else first


_TASK = UserTask._meta.db_table  # noqa: SLF001 - Django's documented door to what a model says
_CANDIDATE = TaskCandidate._meta.db_table  # noqa: SLF001
_MEMBERSHIP = Membership._meta.db_table  # noqa: SLF001
_SITE = "accounts_site"

_BEHIND = """
    AND {table}.rank = start.rank
    AND ({table}.due_by, {table}.offered_at, {table}.{key}) > (start.due_by, start.offered_at, start.uid)
    AND {table}.due_by < %s
    AND (%s = '' OR task.lane = %s) AND (%s = '' OR task.element_id = %s)
    ORDER BY {table}.due_by, {table}.offered_at, {table}.{key} LIMIT %s
"""
_BEHIND_TASK = _BEHIND.format(table="task", key="uid")
_BEHIND_CANDIDATE = _BEHIND.format(table="candidate", key="task_id")
_NARROWED = f"""
    (%s = '' OR {{table}}.site_id = (SELECT id FROM {_SITE} WHERE code = %s)) AND (%s = '' OR {{table}}.role = %s)
"""  # noqa: S608 - names of our own
_OF_TASK = "task.rank, task.due_by, task.offered_at, task.uid"
_OF_CANDIDATE = "candidate.rank, candidate.due_by, candidate.offered_at, candidate.task_id AS uid"

_PAGE = f"""
WITH held AS (
    SELECT held.site_id, held.role FROM {_MEMBERSHIP} AS held
    WHERE held.person_id = %s AND {_NARROWED.format(table="held")}
), start AS (
    SELECT * FROM unnest(%s::smallint[], %s::timestamptz[], %s::timestamptz[], %s::uuid[])
        AS start(rank, due_by, offered_at, uid)
)
SELECT rank, due_by, offered_at, uid FROM (
    (SELECT part.* FROM start CROSS JOIN LATERAL (
        SELECT {_OF_TASK} FROM {_TASK} AS task
        WHERE task.assignee_id = %s AND task.status IN ('ready', 'claimed') AND {_NARROWED.format(table="task")}
        {_BEHIND_TASK}) AS part WHERE %s)
    UNION
    (SELECT part.* FROM held CROSS JOIN start CROSS JOIN LATERAL (
        SELECT {_OF_TASK} FROM {_TASK} AS task
        WHERE task.site_id = held.site_id AND task.role = held.role
            AND task.status = 'ready' AND task.assignee_id IS NULL AND NOT task.has_candidates
        {_BEHIND_TASK}) AS part WHERE %s)
    UNION
    (SELECT part.* FROM start CROSS JOIN LATERAL (
        SELECT {_OF_CANDIDATE} FROM {_CANDIDATE} AS candidate JOIN {_TASK} AS task ON task.uid = candidate.task_id
        WHERE candidate.person_id = %s AND candidate.is_free AND {_NARROWED.format(table="task")}
        {_BEHIND_CANDIDATE}) AS part WHERE %s)
    UNION
    (SELECT part.* FROM held CROSS JOIN start CROSS JOIN LATERAL (
        SELECT {_OF_CANDIDATE} FROM {_CANDIDATE} AS candidate JOIN {_TASK} AS task ON task.uid = candidate.task_id
        WHERE candidate.site_id = held.site_id AND candidate.role = held.role
            AND candidate.person_id IS NULL AND candidate.is_free
        {_BEHIND_CANDIDATE}) AS part WHERE %s)
) AS found
ORDER BY rank, due_by, offered_at, uid LIMIT %s
"""  # noqa: S608 - names of our own; every value is a parameter

_TEAM = f"""
SELECT part.* FROM unnest(%s::bigint[]) AS site(id) CROSS JOIN unnest(%s::text[]) AS held(role)
CROSS JOIN unnest(%s::smallint[], %s::timestamptz[], %s::timestamptz[], %s::uuid[])
    AS start(rank, due_by, offered_at, uid)
CROSS JOIN LATERAL (
    SELECT {_OF_TASK} FROM {_TASK} AS task
    WHERE task.site_id = site.id AND task.role = held.role AND task.status IN ('ready', 'claimed')
        AND CASE WHEN task.assignee_id IS NULL THEN %s ELSE %s END
    {_BEHIND_TASK}) AS part
ORDER BY rank, due_by, offered_at, uid LIMIT %s
"""  # noqa: S608 - as above
