"""The inbox as rows: what waits, for whom, about whom, and how long it still may."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from django.utils.translation import gettext_lazy as _

from accounts.models import Person
from common.diagram_names import name_in_words
from portal.cases.subjects import CaseSubject, subjects_of
from portal.cases.words import URGENCY, Word, word
from portal.clocks import Countdown, countdown_of
from workflows.models import RANKS, UserTask
from workflows.people.inboxes import COUNTED, Wish, inbox_counts, overdue

PAGE_ROWS = 50


class Show(StrEnum):
    """The filter chips; the one in use is in the address."""

    ALL = "all"
    MINE = "mine"
    ROLE = "role"
    NAMED = "named"
    OVERDUE = "overdue"
    STAT = "stat"


SHOW_WORDS = {
    Show.ALL: (_("All"), "list"),
    Show.MINE: (_("Mine"), "user-check"),
    Show.ROLE: (_("My role"), "users-round"),
    Show.NAMED: (_("By name"), "user-round"),
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
    countdown: Countdown | None
    is_mine: bool

    @property
    def is_overdue(self) -> bool:
        return self.countdown is not None and self.countdown.is_late

    @property
    def is_suspended(self) -> bool:
        """Whether nothing can be done in its case until an operator lets it go on."""
        return self.task.instance.suspended_at is not None

    @property
    def is_for_a_colleague(self) -> bool:
        """Whether a colleague asked for it, who goes on to answer for it."""
        return self.task.delegation == UserTask.Delegation.PENDING


@dataclass(frozen=True, slots=True)
class Chip:
    show: Show
    label: object
    icon_name: str
    count: int
    is_current: bool

    @property
    def counted(self) -> str:
        """The count as it is shown: counting stops where nobody would read on."""
        return f"{COUNTED - 1}+" if self.count >= COUNTED else str(self.count)


def wish_for(show: Show, wish: Wish) -> Wish:
    """What a chip leaves of what is wanted."""
    match show:
        case Show.MINE:
            return replace(wish, free=False)
        case Show.ROLE:
            return replace(wish, mine=False)
        case Show.NAMED:
            return replace(wish, mine=False, named=True)
        case Show.OVERDUE:
            return overdue(wish)
        case Show.STAT:
            return replace(wish, ranks=tuple({RANKS["STAT"]} & set(wish.ranks)))
    return wish


def chips(person: Person, wish: Wish, current: Show) -> list[Chip]:
    """The chips with their counts, in one statement."""
    counts = inbox_counts(person, {show.value: wish_for(show, wish) for show in Show})
    return [
        Chip(show, label, icon_name, counts[show.value], show == current)
        for show, (label, icon_name) in SHOW_WORDS.items()
    ]


def rows_of(tasks: Sequence[UserTask], person: Person) -> list[Row]:
    """Rows for tasks of the person's inbox, with the definition and subjects of their cases."""
    subjects = subjects_of({task.instance_id: task.instance for task in tasks}.values(), person)
    return [
        Row(
            task=task,
            subject=subjects[task.instance_id],
            urgency=word(URGENCY, task.priority),
            step=name_in_words(task.name),
            case_name=name_in_words(task.instance.definition.name),
            countdown=countdown_of(task, is_suspended=task.instance.suspended_at is not None),
            is_mine=task.assignee_id == person.pk,
        )
        for task in tasks
    ]
