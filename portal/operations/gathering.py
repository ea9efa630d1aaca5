"""Cases as those see them who keep them moving: where each stands and what stands still, not whom it is about."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from django.db.models import Count, Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import Person
from common.diagram_names import name_in_words
from portal.cases.listing import OPEN_TASKS, with_open_tasks
from portal.cases.words import HAPPENED, Word, case_state
from workflows.models import (
    HeldInput,
    Incident,
    ProcessEvent,
    ProcessInstance,
    ServiceTaskRun,
    Timer,
    UserTask,
)
from workflows.selectors import OPEN_RUN, open_incidents, operated_cases

WAIT_ICONS = {"person": "user-round", "machine": "activity", "timer": "timer"}
OPERATED = ("case.suspended", "case.resumed", "case.cancelled")


class Show(StrEnum):
    """The chips of the list; the one in use is in the address."""

    RUNNING = "running"
    SUSPENDED = "suspended"
    INCIDENTS = "incidents"


SHOW_WORDS: dict[Show, tuple[str | Promise, str]] = {
    Show.RUNNING: (_("Running"), "play"),
    Show.SUSPENDED: (_("Suspended"), "pause"),
    Show.INCIDENTS: (_("With incidents"), "octagon-alert"),
}


@dataclass(frozen=True, slots=True)
class OperatedCase:
    """A row of the list. `steps` are those that wait for people."""

    case: ProcessInstance
    name: str
    state: Word
    steps: list[str]
    incidents: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """Something a case waits for: a step of a person or a machine, or a moment."""

    kind: str
    name: str
    element_id: str
    since: dt.datetime

    @property
    def icon_name(self) -> str:
        return WAIT_ICONS[self.kind]


@dataclass(frozen=True, slots=True)
class Operated:
    """What was done about a case by those who look after it; their reasons stand in the case itself."""

    event: ProcessEvent
    what: Word


def shown_cases(person: Person, show: Show) -> QuerySet[ProcessInstance]:
    """Running cases of the sites whose cases the person looks after."""
    found = operated_cases(person).filter(status=ProcessInstance.Status.RUNNING)
    match show:
        case Show.SUSPENDED:
            return found.exclude(suspended_at=None)
        case Show.INCIDENTS:
            still = Incident.objects.filter(resolved_at=None)
            return found.filter(pk__in=still.values("instance"))
    return found


def with_rows(cases: QuerySet[ProcessInstance]) -> QuerySet[ProcessInstance]:
    """The cases with everything a row shows."""
    found = with_open_tasks(cases, UserTask.objects.only("instance", "name", "element_id"))
    return found.annotate(incident_count=Count("incidents", filter=Q(incidents__resolved_at=None)))


def row_of(case: ProcessInstance) -> OperatedCase:
    """A row for a case that came from `with_rows`."""
    return OperatedCase(
        case=case,
        name=name_in_words(case.definition.name),
        state=case_state(case),
        steps=[name_in_words(task.name) for task in vars(case)["open_tasks"]],
        incidents=vars(case)["incident_count"],
    )


def waits_of(case: ProcessInstance) -> list[Waiting]:
    """What a running case waits for: people, machines, moments."""
    tasks = UserTask.objects.filter(instance=case, status__in=OPEN_TASKS).order_by("offered_at")
    runs = ServiceTaskRun.objects.filter(instance=case, status__in=OPEN_RUN).order_by("queued_at")
    timers = Timer.objects.filter(instance=case, status=Timer.Status.WAITING).order_by("due_at")
    return [
        *(Waiting("person", name_in_words(one.name), one.element_id, one.offered_at) for one in tasks),
        *(Waiting("machine", name_in_words(one.name), one.element_id, one.queued_at) for one in runs),
        *(Waiting("timer", name_in_words(one.name), one.element_id, one.due_at) for one in timers),
    ]


def kept_of(case: ProcessInstance) -> int:
    """How much of what came for a suspended case waits for it to go on."""
    return HeldInput.objects.filter(instance=case).count()


def incidents_of(case: ProcessInstance) -> list[Incident]:
    return list(open_incidents(case))


def operations_on(case: ProcessInstance) -> list[Operated]:
    """What was done about the case, latest first."""
    lines = ProcessEvent.objects.filter(instance=case, kind__in=OPERATED).select_related("person")
    return [Operated(line, HAPPENED[line.kind]) for line in lines.order_by("-id")]
