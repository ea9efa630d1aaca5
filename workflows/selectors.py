"""What a person may see of processes: the inbox, cases, and where a case stands on its diagram."""

from __future__ import annotations

from typing import Any

from django.db.models import Case, Exists, IntegerField, OuterRef, Q, QuerySet, Value, When

from accounts.actors import Actor, SystemActor
from accounts.models import Membership, Person
from accounts.privileges import Privilege, roles_with, sites_where
from accounts.selectors import people_with_role
from workflows.models import (
    LIST_ORDER,
    Incident,
    MessageSubscription,
    ProcessDefinition,
    ProcessEvent,
    ProcessInstance,
    ServiceTaskRun,
    TaskCandidate,
    Timer,
    UserTask,
)

OPEN_TASK = (UserTask.Status.READY, UserTask.Status.CLAIMED)
OPEN_RUN = (
    ServiceTaskRun.Status.QUEUED,
    ServiceTaskRun.Status.RUNNING,
    ServiceTaskRun.Status.PENDING,
    ServiceTaskRun.Status.FAILED,
)


def visible_cases(actor: Actor) -> QuerySet[ProcessInstance]:
    """Cases at the actor's sites, and those in which the actor has a part.

    A part is a task that is or was theirs, or an open one for a role they hold where they hold it.
    """
    cases = ProcessInstance.objects.all()
    if isinstance(actor, SystemActor):
        return cases
    own = UserTask.objects.filter(Q(assignee=actor) | Q(completed_by=actor) | Q(owner=actor)).values(
        "instance_id"
    )
    role_wide = _tasks_offered_to(actor).values("instance_id")
    return cases.filter(
        Q(site__in=sites_where(actor, Privilege.VIEW_CASES)) | Q(pk__in=own) | Q(pk__in=role_wide)
    )


def operated_cases(actor: Actor) -> QuerySet[ProcessInstance]:
    """Cases of the sites whose cases the actor looks after; whom they are about is another privilege's matter."""
    cases = ProcessInstance.objects.all()
    if isinstance(actor, SystemActor):
        return cases
    return cases.filter(site__in=sites_where(actor, Privilege.OPERATE_CASES))


def people_who_see(instance: ProcessInstance) -> QuerySet[Person]:
    """Everyone with an account in use who may open a case: `visible_cases` asked the other way round."""
    held = Membership.objects.filter(person=OuterRef("pk"))
    there = {"site": OuterRef("site"), "role": OuterRef("role")}
    tasks = UserTask.objects.filter(instance=instance)
    part = Q(assignee=OuterRef("pk")) | Q(completed_by=OuterRef("pk")) | Q(owner=OuterRef("pk"))
    waiting = tasks.filter(status__in=OPEN_TASK)
    named = TaskCandidate.objects.filter(task__in=waiting.filter(has_candidates=True))
    return Person.objects.filter(
        Exists(held.filter(site=instance.site_id, role__in=roles_with(Privilege.VIEW_CASES)))
        | Exists(tasks.filter(part))
        | Exists(held.filter(Exists(waiting.filter(has_candidates=False, **there))))
        | Exists(named.filter(person=OuterRef("pk")))
        | Exists(held.filter(Exists(named.filter(**there)))),
        is_active=True,
    )


def cases_around(instance: ProcessInstance, actor: Actor) -> QuerySet[ProcessInstance]:
    """The case that called this one, and those it called, as far as the actor may see them; the caller first."""
    around = Q(call__instance=instance)
    if instance.call_id is not None:
        around |= Q(pk__in=ServiceTaskRun.objects.filter(pk=instance.call_id).values("instance_id"))
    return (
        visible_cases(actor)
        .filter(around)
        .select_related("definition")
        .defer("state")
        .order_by("started_at", "pk")
    )


def inbox(actor: Actor) -> QuerySet[UserTask]:
    """Open tasks that are mine, or free for me by a role I hold or as a candidate, in the order of the inbox.

    For single tasks and for those of a case; a page of the whole inbox is `workflows.inboxes.inbox_page`.
    """
    if isinstance(actor, SystemActor):
        return UserTask.objects.none()
    mine = Q(assignee=actor, status__in=OPEN_TASK)
    free = Q(pk__in=_tasks_offered_to(actor).filter(assignee=None).values("pk"))
    return (
        UserTask.objects.filter(mine | free)
        .select_related("instance", "instance__site", "site", "assignee")
        .defer("instance__state")
        .order_by(*LIST_ORDER)
    )


def urgency(field: str) -> Case:
    """A priority as a number to order by: STAT before urgent before routine."""
    return Case(
        When(**{field: "STAT"}, then=Value(0)),
        When(**{field: "URGENT"}, then=Value(1)),
        default=Value(2),
        output_field=IntegerField(),
    )


def assignable_tasks(person: Person) -> QuerySet[UserTask]:
    """Open tasks at the sites where the person says who does what, in the order of an inbox."""
    sites = sites_where(person, Privilege.ASSIGN_TASKS)
    return UserTask.objects.filter(site__in=sites, status__in=OPEN_TASK).order_by(*LIST_ORDER)


def people_offered(task: UserTask) -> QuerySet[Person]:
    """Everyone a task is offered to: those who hold its role, or its candidates."""
    if not task.has_candidates:
        return people_with_role(task.site, task.role)
    named = TaskCandidate.objects.filter(task=task.pk)
    roles = named.filter(site_id=OuterRef("site_id"), role=OuterRef("role"))
    holders = Membership.objects.filter(Exists(roles)).values("person")
    people = named.exclude(person=None).values("person")
    return Person.objects.filter(Q(pk__in=people) | Q(pk__in=holders), is_active=True)


def workable_tasks(person: Person) -> QuerySet[UserTask]:
    """Open tasks a person has business with: theirs, those they delegated, those offered to them, taken or free."""
    return UserTask.objects.filter(
        Q(assignee=person, status__in=OPEN_TASK)
        | Q(owner=person, status__in=OPEN_TASK)
        | Q(pk__in=_tasks_offered_to(person).values("pk"))
    )


def history(instance: ProcessInstance) -> QuerySet[ProcessEvent]:
    """What happened in a case, oldest first."""
    return ProcessEvent.objects.filter(instance=instance).select_related("person").order_by("id")


def open_incidents(instance: ProcessInstance) -> QuerySet[Incident]:
    """What stands still in a case and needs a person."""
    return Incident.objects.filter(instance=instance, resolved_at=None).order_by("opened_at")


def diagram_state(instance: ProcessInstance) -> dict[str, Any]:
    """The diagram, and where the case stands on it.

    Returns  `xml`; `active` and `completed` element ids; `elements`, by id: name, status (active, waiting,
             failed, completed), since when or when, and who.
    """
    definition = ProcessDefinition.objects.get(pk=instance.definition_id)
    elements = _completed_elements(instance)
    elements |= _waiting_elements(instance)
    elements |= _active_elements(instance)
    return {
        "xml": diagram_text(definition),
        "active": sorted(key for key, each in elements.items() if each["status"] in {"active", "failed"}),
        "completed": sorted(key for key, each in elements.items() if each["status"] == "completed"),
        "elements": elements,
    }


def diagram_text(definition: ProcessDefinition) -> str:
    """The BPMN XML of a definition."""
    return next(str(text) for path, text in definition.files.items() if path.endswith(".bpmn"))


def _tasks_offered_to(person: Person) -> QuerySet[UserTask]:
    """Open tasks offered to a role where the person holds it, or to the person as a candidate."""
    held = Q(pk__in=[])
    for site_id, role in person.memberships.values_list("site_id", "role"):
        held |= Q(site_id=site_id, role=role)
    named = TaskCandidate.objects.filter(Q(person=person) | held).values("task")
    return UserTask.objects.filter(
        (held & Q(has_candidates=False)) | Q(has_candidates=True, pk__in=named), status__in=OPEN_TASK
    )


def _completed_elements(instance: ProcessInstance) -> dict[str, dict[str, Any]]:
    rows = (
        ProcessEvent.objects.filter(instance=instance, kind="element.completed")
        .order_by("element_id", "-id")
        .distinct("element_id")
        .values("element_id", "name", "at", "actor")
    )
    return {row["element_id"]: _element(row["name"], "completed", row["at"], row["actor"]) for row in rows}


def _waiting_elements(instance: ProcessInstance) -> dict[str, dict[str, Any]]:
    timers = Timer.objects.filter(instance=instance, status=Timer.Status.WAITING)
    found = {row.element_id: _element(row.name, "waiting", row.due_at, "") for row in timers}
    subscriptions = MessageSubscription.objects.filter(instance=instance)
    return found | {row.element_id: _element(row.message, "active", row.since, "") for row in subscriptions}


def _active_elements(instance: ProcessInstance) -> dict[str, dict[str, Any]]:
    tasks = UserTask.objects.filter(instance=instance, status__in=OPEN_TASK).select_related("assignee")
    found = {
        task.element_id: _element(
            task.name,
            "active",
            task.claimed_at or task.offered_at,
            task.assignee.username if task.assignee else "",
        )
        for task in tasks
    }
    runs = ServiceTaskRun.objects.filter(instance=instance, status__in=OPEN_RUN)
    if instance.status != ProcessInstance.Status.RUNNING:
        runs = runs.none()
    for run in runs:
        status = "failed" if run.status == ServiceTaskRun.Status.FAILED else "active"
        found[run.element_id] = _element(run.name, status, run.queued_at, run.operator)
    return found


def _element(name: str, status: str, at: Any, actor: str) -> dict[str, Any]:
    return {"name": name, "status": status, "at": at, "actor": actor}
