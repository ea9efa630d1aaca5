"""The list of cases: what each is about, where it stands and since when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from django.db.models import Prefetch, QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import Person
from common.diagram_names import name_in_words
from portal.cases.subjects import CaseSubject, subjects_of
from portal.cases.words import URGENCY, Word, case_state, word
from workflows.models import ProcessInstance, UserTask

OPEN_TASKS = (UserTask.Status.READY, UserTask.Status.CLAIMED)


class Status(StrEnum):
    """The chips of the list; the one in use is in the address."""

    ALL = "all"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"


STATUS_WORDS = {
    Status.ALL: (_("All"), "list"),
    Status.RUNNING: (_("Running"), "play"),
    Status.COMPLETED: (_("Completed"), "circle-check"),
    Status.FAILED: (_("Failed"), "octagon-alert"),
}


@dataclass(frozen=True, slots=True)
class CaseRow:
    instance: ProcessInstance
    subject: CaseSubject
    urgency: Word
    status: Word
    name: str
    waits_at: list[UserTask]
    steps: list[str]


def with_case_rows(cases: QuerySet[ProcessInstance]) -> QuerySet[ProcessInstance]:
    """The cases with everything a row shows."""
    found = with_open_tasks(cases, UserTask.objects.select_related("assignee", "site"))
    return found.prefetch_related("subjects").order_by("-started_at", "-pk")


def with_open_tasks(cases: QuerySet[ProcessInstance], tasks: QuerySet[UserTask]) -> QuerySet[ProcessInstance]:
    """The cases as a list needs them, each with those of these tasks that are open as its `open_tasks`."""
    waiting = Prefetch("user_tasks", queryset=tasks.filter(status__in=OPEN_TASKS), to_attr="open_tasks")
    return (
        cases.select_related("definition", "site")
        .defer("state", "definition__files")
        .prefetch_related(waiting)
    )


def case_rows(cases: Sequence[ProcessInstance], person: Person) -> list[CaseRow]:
    """Rows for cases that came from `with_case_rows`."""
    subjects = subjects_of(cases, person)
    return [_row(case, subjects[case.pk]) for case in cases]


def _row(case: ProcessInstance, subject: CaseSubject) -> CaseRow:
    waits_at: list[UserTask] = getattr(case, "open_tasks", [])
    return CaseRow(
        instance=case,
        subject=subject,
        urgency=word(URGENCY, case.priority),
        status=case_state(case),
        name=name_in_words(case.definition.name),
        waits_at=waits_at,
        steps=[name_in_words(task.name) for task in waits_at],
    )
