"""In whose hands the steps of a case are, as a reader sees it: what they may do with theirs, and who has the others."""

from __future__ import annotations

from dataclasses import dataclass

from accounts.models import Person
from common.diagram_names import name_in_words
from portal.clocks import Countdown, countdown_of
from portal.tasks.people import colleagues_for
from workflows.forms import load_form
from workflows.models import ProcessInstance, UserTask
from workflows.selectors import workable_tasks


@dataclass(frozen=True, slots=True)
class Acts:
    """What the reader may do with their task beside finishing it. `colleagues` are those it could be given to."""

    is_delegated_to_me: bool
    may_release: bool
    may_decline: bool
    colleagues: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Held:
    """A step of the reader's that somebody else has now."""

    task: UserTask
    step: str
    countdown: Countdown | None
    may_take_back: bool


def acts_on(task: UserTask, person: Person) -> Acts:
    """What may be done with a task that waits for the person."""
    is_delegated = task.delegation == UserTask.Delegation.PENDING
    is_mine = task.assignee_id == person.pk
    draws_declining = "decline" in load_form(task.instance.definition, task.form)["outcomes"]
    return Acts(
        is_delegated_to_me=is_delegated,
        may_release=is_mine
        and not is_delegated
        and not task.is_personal
        and task.status == task.Status.CLAIMED,
        may_decline=(is_mine or task.has_candidates) and (is_delegated or not draws_declining),
        colleagues=[] if is_delegated else colleagues_for(task, without=person),
    )


def held_by_others(case: ProcessInstance, person: Person) -> list[Held]:
    """The case's open steps that are the person's by role or because they delegated them, and another has."""
    tasks = (
        workable_tasks(person)
        .filter(instance=case, assignee__isnull=False)
        .exclude(assignee=person)
        .select_related("assignee", "site", "owner")
    )
    return [
        Held(
            task,
            name_in_words(task.name),
            countdown_of(task, is_suspended=case.suspended_at is not None),
            may_take_back=task.owner_id == person.pk,
        )
        for task in tasks
    ]
