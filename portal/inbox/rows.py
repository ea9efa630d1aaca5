"""The inbox as rows: what waits, for whom, about whom, and since when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import Person
from common import clock
from portal.cases.subjects import CaseSubject, subjects_of
from portal.cases.words import URGENCY, Word, step_name, word
from workflows.models import UserTask

PAGE_ROWS = 50


class Show(StrEnum):
    """The filter chips; the one in use is in the address."""

    ALL = "all"
    MINE = "mine"
    ROLE = "role"
    OVERDUE = "overdue"
    STAT = "stat"


SHOW_WORDS = {
    Show.ALL: (_("All"), "list"),
    Show.MINE: (_("Mine"), "user-check"),
    Show.ROLE: (_("My role"), "users-round"),
    Show.OVERDUE: (_("Overdue"), "clock-alert"),
    Show.STAT: (_("STAT"), "siren"),
}


@dataclass(frozen=True, slots=True)
class Row:
    task: UserTask
    subject: CaseSubject
    urgency: Word
    step: str
    case_name: str
    is_mine: bool
    is_overdue: bool


@dataclass(frozen=True, slots=True)
class Chip:
    show: Show
    label: object
    icon_name: str
    count: int
    is_current: bool


def narrow(tasks: QuerySet[UserTask], person: Person, show: Show) -> QuerySet[UserTask]:
    """The tasks a chip leaves."""
    return tasks.filter(_condition(person, show))


def chips(tasks: QuerySet[UserTask], person: Person, current: Show) -> list[Chip]:
    """The chips with their counts, in one statement."""
    counts = tasks.order_by().aggregate(
        **{show.value: Count("pk", filter=_condition(person, show)) for show in Show}
    )
    return [
        Chip(show, label, icon_name, counts[show.value], show == current)
        for show, (label, icon_name) in SHOW_WORDS.items()
    ]


def rows_of(tasks: Sequence[UserTask], person: Person) -> list[Row]:
    """Rows for tasks that came from `with_rows`."""
    subjects = subjects_of({task.instance_id: task.instance for task in tasks}.values(), person)
    now = clock.now()
    return [
        Row(
            task=task,
            subject=subjects[task.instance_id],
            urgency=word(URGENCY, task.priority),
            step=step_name(task.name),
            case_name=step_name(task.instance.definition.name),
            is_mine=task.assignee_id == person.pk,
            is_overdue=task.due_at is not None and task.due_at < now,
        )
        for task in tasks
    ]


def with_rows(tasks: QuerySet[UserTask]) -> QuerySet[UserTask]:
    """The tasks with everything a row shows of the process."""
    return (
        tasks.select_related("instance__definition", "instance__site", "site", "assignee")
        .defer("instance__state", "instance__definition__files")
        .prefetch_related("instance__subjects")
    )


def _condition(person: Person, show: Show) -> Q:
    match show:
        case Show.MINE:
            return Q(assignee=person)
        case Show.ROLE:
            return Q(assignee=None)
        case Show.OVERDUE:
            return Q(due_at__lt=clock.now())
        case Show.STAT:
            return Q(priority="STAT")
    return Q(pk__isnull=False)
