"""A step that a person takes on a task: the task and its case locked together, and whether it is theirs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from accounts.audit import record_audit
from accounts.models import Membership, Person
from accounts.names import name_of_person
from accounts.privileges import Privilege, sites_where
from common.errors import Conflict, NotFound, ServiceError
from common.making import copied
from common.prepared import LeanQuery, Slot
from common.rows import Overtaken
from workflows.deployment import bundles
from workflows.engine import EngineFault
from workflows.locks import warm_runs
from workflows.models import ProcessInstance, TaskCandidate, UserTask
from workflows.selectors import OPEN_TASK
from workflows.stepping import LockNeeded, Step, open_step, take_known, unlocked_step

Check = Callable[[Any, Person], UserTask]


@contextmanager
def open_task(
    task: UserTask, person: Person, *, check: Check | None = None
) -> Iterator[tuple[Step, UserTask]]:
    """The step of a task's case, and the task as it stands under the lock, if it is the person's to work on.

    Raises  NotFound for who has no business with the task; Conflict if it is closed or another has it.
    """
    locked: list[UserTask] = []

    def lock() -> ProcessInstance:
        locked.extend(_LOCKED_TASK.all(task=task.pk, person=person.pk))
        if not locked:
            raise NotFound(_("There is no such task."))
        return locked[0].instance

    with open_step(task.instance_id, actor=person, lock=lock) as step:
        if step is None:
            raise NotFound(_("There is no such case."))
        row = (check or check_may_work)(locked[0], person)
        step.known.tasks[row.pk] = row
        step.instance.definition = bundles.definition_with(step.instance.definition_id)
        yield step, row


def take_step(task: UserTask, person: Person, act: Callable[[Step, UserTask], None]) -> ProcessInstance:
    """Take a person's step on a task: on what this process knows of the case if it can, else under the lock.

    Where what was known turns out old, `act` is called once more; what it did the first time does not hold.

    Raises  as `open_task` does.
    """
    step = _step_on_known(task, person, act)
    if step is None:
        with open_task(task, person) as (step, row):
            act(step, row)
    return step.instance


def _step_on_known(task: UserTask, person: Person, act: Callable[[Step, UserTask], None]) -> Step | None:
    """The step, taken without a look at the database first; None where it is to be taken under the lock.

    That is where refusals are made: what is known may be old.
    """
    warm = take_known(task.instance_id)
    if warm is None:
        return None
    known = warm.known.tasks.get(task.pk)
    if known is None or known.has_candidates or known.assignee_id not in (None, person.pk):
        warm_runs.keep(task.instance_id, warm)
        return None
    try:
        with unlocked_step(warm, actor=person) as step:
            row = copied(known)
            row.instance = step.instance
            step.instance.definition = bundles.definition_with(step.instance.definition_id)
            act(step, row)
    except (LockNeeded, Overtaken, ServiceError, EngineFault):
        return None
    return step


def task_for(task: UserTask, person: Person) -> UserTask:
    """The task as it stands, if it is the person's to work on; refuses as `open_task` does."""
    return check_may_work(_TASK.first(task=task.pk, person=person.pk), person)


def check_may_work(row: Any, person: Person) -> UserTask:
    """The task, if it is open, and free for the person or theirs."""
    found = _check_concerned(row, person)
    if found.assignee_id not in (None, person.pk):
        # Who waited for the lock has the row as it is now, and what was joined to it as it was before.
        raise taken_by(Person.objects.get(pk=found.assignee_id))
    return found


def check_may_take(row: Any, person: Person) -> UserTask:
    """As `check_may_work`; who delegated a task may also take it back."""
    found = _check_concerned(row, person)
    return found if found.owner_id == person.pk else check_may_work(row, person)


def check_may_assign(row: Any, person: Person) -> UserTask:
    """The task, if it is open and the person says who does what at its site."""
    if row is None or not sites_where(person, Privilege.ASSIGN_TASKS).filter(pk=row.site_id).exists():
        raise NotFound(_("There is no such task."))
    return _check_open(row)


def taken_by(person: Person) -> Conflict:
    """The refusal for who comes second: it says who has the task."""
    return Conflict(
        _("%(person)s has taken this task.") % {"person": name_of_person(person)},
        code="TASK_TAKEN",
    )


def may_do(person: Person, task: UserTask) -> bool:
    """Whether a task could be given to a person: one it is offered to, or who holds its role at its site."""
    return people_who_may(task).filter(pk=person.pk).exists()


def people_who_may(task: UserTask) -> QuerySet[Person]:
    """Everyone with an account in use to whom a task could be given, by name."""
    holders = Membership.objects.filter(site=task.site_id, role=task.role)
    named = TaskCandidate.objects.filter(task=task.pk)
    asked = Membership.objects.filter(Exists(named.filter(site=OuterRef("site"), role=OuterRef("role"))))
    return Person.objects.filter(
        Q(pk__in=holders.values("person"))
        | Q(pk__in=named.filter(person__isnull=False).values("person"))
        | Q(pk__in=asked.values("person")),
        is_active=True,
    ).order_by("display_name", "username")


def audit(step: Step, row: UserTask, action: str, **detail: Any) -> None:
    """One line of the trail about a task, written with the step."""
    record_audit(
        step.actor,
        action,
        object_kind="task",
        object_uid=str(row.uid),
        study_instance_uid=step.subjects.get("study", ""),
        site_code=row.site.code,
        at=step.at,
        into=step.changes,
        case=step.case,
        element=row.element_id,
        **detail,
    )


def _check_concerned(row: Any, person: Person) -> UserTask:
    concerned = row is not None and (
        row.is_offered or person.pk in (row.assignee_id, row.completed_by_id, row.owner_id)
    )
    if not concerned:
        raise NotFound(_("There is no such task."))
    return _check_open(row)


def _check_open(row: UserTask) -> UserTask:
    if row.status not in OPEN_TASK:
        raise Conflict(_("This task has been closed already."), code="TASK_CLOSED")
    return row


def _task_before(person: Slot, task: Slot) -> QuerySet[UserTask]:
    """A task with all that deciding about it needs, in one statement."""
    held = Membership.objects.filter(person=person)
    roles = held.filter(site_id=OuterRef("site_id"), role=OuterRef("role"))
    named = TaskCandidate.objects.filter(task=OuterRef("pk"))
    of_candidates = named.filter(
        Q(person=person) | Exists(held.filter(site_id=OuterRef("site_id"), role=OuterRef("role")))
    )
    return (
        UserTask.objects.select_related("site", "assignee")
        .annotate(
            is_offered=(Q(has_candidates=False) & Exists(roles))
            | (Q(has_candidates=True) & Exists(of_candidates)),
        )
        .filter(pk=task)
    )


def _locked_task() -> QuerySet[UserTask]:
    """A task with its instance, both locked; the instance first, as every other step does."""
    return (
        _task_before(Slot("person"), Slot("task"))
        .select_related("site", "assignee", "instance")
        .defer(*_SELDOM_NEEDED)
        .select_for_update(of=("instance", "self"), no_key=True)
    )


_SELDOM_NEEDED = (
    *("rank", "due_by", "instance__state", "instance__changed_at"),
    *(
        "site__name",
        "site__name_zh",
        "site__kind",
        "site__authority_namespace",
        "site__authority_universal_id",
    ),
    *("assignee__password", "assignee__last_login", "assignee__is_superuser", "assignee__is_staff"),
    *("assignee__first_name", "assignee__last_name", "assignee__email", "assignee__date_joined"),
)
"""What a step on a task leaves in the database; it is read for who asks for it all the same."""

_TASK = LeanQuery(lambda: _task_before(Slot("person"), Slot("task")))
_LOCKED_TASK = LeanQuery(_locked_task)
