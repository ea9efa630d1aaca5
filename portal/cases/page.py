"""One case gathered for its page: whom it is about, its images, reports, task, diagram and history."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, QuerySet
from django.utils.translation import get_language

from accounts.models import Person
from archive.reports.models import Report
from archive.reports.selectors import visible_reports
from archive.studies.models import Series, Study
from archive.studies.selectors import visible_series, visible_studies
from common.diagram_names import name_in_words
from portal.cases.listing import OPEN_TASKS
from portal.cases.subjects import CaseSubject, subjects_of
from portal.cases.words import HAPPENED, SUSPENDED, TASK, URGENCY, Word, case_state, news_name, word
from portal.clocks import Countdown, countdown_of
from portal.shell.names import name_of
from workflows.forms import words_in
from workflows.models import FormDraft, ProcessInstance, UserTask
from workflows.selectors import cases_around, inbox, visible_cases

SPEAKING_ELEMENTS = {"serviceTask", "businessRuleTask", "scriptTask", "callActivity"}
NEWS = {"message.received", "message.thrown"}


@dataclass(frozen=True, slots=True)
class Participant:
    """Somebody a step was given to: a person, or a role at a site."""

    task: UserTask
    step: str
    state: Word
    countdown: Countdown | None = None


@dataclass(frozen=True, slots=True)
class Happening:
    """One line of the history in words; `to` names who was given the task."""

    event: Any
    what: Word
    step: str
    notes: list[str]
    signature: Signed | None = None
    to: str = ""


@dataclass(frozen=True, slots=True)
class Signed:
    """That an answer was signed: when, and what it meant, in the reader's language, to who signed."""

    at: dt.datetime
    meaning: str


@dataclass(frozen=True, slots=True)
class SignedReport:
    """A report, and the signature under the step of this case in which it was written, if there was one."""

    report: Report
    signature: Signed | None


def cases_for_page(person: Person) -> QuerySet[ProcessInstance]:
    """The cases a person may open, with what the page shows of each."""
    return (
        visible_cases(person)
        .select_related("definition", "site")
        .defer("state", "definition__files")
        .prefetch_related("subjects")
    )


def subject_of(case: ProcessInstance, person: Person) -> CaseSubject:
    return subjects_of([case], person)[case.pk]


def case_words(case: ProcessInstance) -> dict[str, Any]:
    """The case's name, state and urgency in words."""
    return {
        "case_name": name_in_words(case.definition.name),
        "status": case_state(case),
        "urgency": word(URGENCY, case.priority),
    }


def my_task(case: ProcessInstance, person: Person) -> UserTask | None:
    """The step of this case that waits for this person: their own first, else one offered to their role."""
    mine = (
        inbox(person)
        .filter(instance=case)
        .select_related("instance__definition", "instance__site", "site", "assignee", "owner")
        .defer("instance__state")
    )
    return min(mine, key=lambda task: (task.assignee_id != person.pk, task.offered_at), default=None)


def draft_of(task: UserTask, person: Person) -> FormDraft | None:
    return FormDraft.objects.filter(task=task, person=person).first()


def study_of(person: Person, subject: CaseSubject) -> Study | None:
    """The case's study, as far as the person may see it and it has arrived."""
    if not subject.study_instance_uid:
        return None
    return (
        visible_studies(person)
        .filter(study_instance_uid=subject.study_instance_uid)
        .select_related("site", "patient", "order")
        .first()
    )


def series_of(person: Person, study: Study | None) -> list[Series]:
    """The series of the study with their number of instances: results first, then as acquired."""
    if study is None:
        return []
    return list(
        visible_series(person)
        .filter(study=study)
        .select_related("study")
        .annotate(instance_count=Count("instances"))
        .order_by("-is_derived", "series_number", "pk")
    )


def reports_of(person: Person, subject: CaseSubject) -> list[Report]:
    """The signed reports, newest first. Authors keep theirs after the images are closed to them."""
    if not subject.study_instance_uid:
        return []
    return list(
        visible_reports(person)
        .filter(study__study_instance_uid=subject.study_instance_uid)
        .select_related("author", "study")
        .order_by("-created_at")
    )


def with_signatures(reports: Iterable[Report], events: Any) -> list[SignedReport]:
    """The reports with what their authors signed."""
    details = [event.detail["signature"] for event in events if "signature" in event.detail]
    by_cause = {f"task:{one['task']}": _signed(one) for one in details}
    return [SignedReport(report, by_cause.get(report.cause)) for report in reports]


def priors_of(person: Person, subject: CaseSubject) -> list[Study]:
    """Earlier studies of the patient that the person may see."""
    if subject.patient is None:
        return []
    return list(
        visible_studies(person)
        .filter(patient=subject.patient)
        .exclude(study_instance_uid=subject.study_instance_uid)
        .select_related("site")
        .order_by("-study_date", "-received_at")[:20]
    )


def participants_of(case: ProcessInstance) -> list[Participant]:
    """Who has or had a step of this case, latest first."""
    tasks = case.user_tasks.select_related("site", "assignee", "completed_by", "owner").order_by(
        "-offered_at"
    )
    is_suspended = case.suspended_at is not None
    return [
        Participant(
            task,
            name_in_words(task.name),
            _state_of(task, is_suspended=is_suspended),
            countdown_of(task, is_suspended=is_suspended),
        )
        for task in tasks
    ]


def _state_of(task: UserTask, *, is_suspended: bool) -> Word:
    if is_suspended and task.status in OPEN_TASKS:
        return SUSPENDED
    is_declined = task.status == UserTask.Status.COMPLETED and task.outcome == "decline"
    return HAPPENED["task.declined"] if is_declined else word(TASK, task.status)


@dataclass(frozen=True, slots=True)
class Relative:
    """The case that called this one, or one it called."""

    case: ProcessInstance
    name: str
    state: Word
    is_caller: bool


def relatives_of(case: ProcessInstance, person: Person) -> list[Relative]:
    found = cases_around(case, person).defer("state", "definition__files")
    return [
        Relative(each, name_in_words(each.definition.name), case_state(each), is_caller=each.pk < case.pk)
        for each in found
    ]


def open_steps(participants: list[Participant]) -> list[Participant]:
    return [one for one in participants if one.task.status in OPEN_TASKS]


def happenings(events: Any) -> list[Happening]:
    """The history in words, latest first; of what the machine did by itself, the steps that say something."""
    told = [event for event in events if event.kind in HAPPENED and not _is_noise(event)]
    names = _names_of({event.detail["to"] for event in told if event.detail.get("to")})
    return [
        Happening(
            event,
            HAPPENED[event.kind],
            news_name(event.name) if event.kind in NEWS else name_in_words(event.name),
            _notes(event),
            _signed(event.detail["signature"]) if "signature" in event.detail else None,
            names.get(event.detail.get("to", ""), ""),
        )
        for event in reversed(told)
    ]


def said_before(events: Any) -> list[Happening]:
    """What those who had earlier steps wrote for those who come after them, latest first."""
    return [one for one in happenings(events) if one.notes]


def _notes(event: Any) -> list[str]:
    return [str(text) for text in event.detail.get("notes", {}).values()]


def _names_of(usernames: set[str]) -> dict[str, str]:
    if not usernames:
        return {}
    return {one.username: name_of(one) for one in Person.objects.filter(username__in=usernames)}


def _signed(kept: dict[str, Any]) -> Signed:
    meaning = words_in(kept["meaning"], get_language() or "en")
    return Signed(dt.datetime.fromisoformat(kept["at"]), meaning)


def _is_noise(event: Any) -> bool:
    return event.kind == "element.completed" and event.detail.get("element") not in SPEAKING_ELEMENTS
