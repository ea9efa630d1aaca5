"""Steps for people: to whom each is offered, and what those may see of the case because of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

from accounts.models import Person, Site
from accounts.services import grant_studies, revoke_grants
from common.making import made
from common.rows import Changes
from common.sentences import sentence as _
from workflows.engine import EngineFault, UserTaskWait
from workflows.locks import Known
from workflows.models import ProcessInstance, TaskCandidate, UserTask, list_order


class CaseInHand(Protocol):
    """What offering needs of a step: the locked instance, what is known of it, what is to be written, and when."""

    instance: ProcessInstance
    known: Known
    changes: Changes
    at: dt.datetime


def offer(step: CaseInHand, waits: list[UserTaskWait]) -> list[UserTask]:
    """Make the tasks of steps that wait for people, with their candidates and the grants they need.

    Raises  EngineFault for a site, person or candidate nobody knows: the diagram cannot go on.
    """
    sites, people = _sites(step, waits), _people(waits)
    tasks = [_task(step, wait, sites, people) for wait in waits]
    step.changes.insert(tasks)
    for task, wait in zip(tasks, waits, strict=True):
        if not task.has_candidates:
            _grant(step, _audience(task))
            continue
        for candidate in _candidates(task, wait, people):
            step.changes.insert([candidate])
            _grant(step, _audience(candidate))
    return tasks


def grant_cause(instance: ProcessInstance) -> str:
    """What grants that follow this case are given for."""
    return f"case:{instance.uid}"


def grant_to(step: CaseInHand, person: Person) -> None:
    """Let a person who was given a task see the study for as long as the case runs."""
    _grant(step, {"person": person})


def grant_to_offered(step: CaseInHand, task: UserTask) -> None:
    """Let the role see the study that a task was put back to; its candidates could from the start."""
    if not task.has_candidates:
        _grant(step, _audience(task))


def take_back_from(step: CaseInHand, task: UserTask, person: Person) -> None:
    """Take the study back from somebody who gave a task away, unless they have another part in the case."""
    parts = UserTask.objects.filter(instance_id=task.instance_id).exclude(pk=task.pk)
    if parts.filter(assignee=person).exists() or parts.filter(completed_by=person).exists():
        return
    revoke_grants(cause=grant_cause(step.instance), person=person)
    study = step.known.subjects.get("study")
    step.known.granted.discard((study, ("person", person.pk)))


def forget_candidates(tasks: Iterable[UserTask]) -> None:
    """Closed tasks are offered to nobody."""
    keys = [task.pk for task in tasks if task.has_candidates]
    if keys:
        TaskCandidate.objects.filter(task__in=keys).delete()


def _sites(step: CaseInHand, waits: list[UserTaskWait]) -> Mapping[str, Site]:
    unknown = {wait.site_code for wait in waits} - set(step.known.sites)
    if unknown:
        step.known.sites |= {site.code: site for site in Site.objects.filter(code__in=unknown)}
    return step.known.sites


def _people(waits: list[UserTaskWait]) -> Mapping[str, Person]:
    names = {name for wait in waits for name in (wait.person, *wait.candidates) if name}
    return {person.username: person for person in Person.objects.filter(username__in=names)} if names else {}


def _task(
    step: CaseInHand, wait: UserTaskWait, sites: Mapping[str, Site], people: Mapping[str, Person]
) -> UserTask:
    if wait.site_code not in sites:
        raise EngineFault(wait.element_id, _("The lane's site is none of ours"))
    if wait.person and wait.person not in people:
        raise EngineFault(wait.element_id, _("The lane's person has no account"))
    if not people.keys() >= set(wait.candidates):
        raise EngineFault(wait.element_id, _("A candidate has no account"))
    return made(
        UserTask,
        uid=wait.uid,
        instance=step.instance,
        element_id=wait.element_id,
        name=wait.name,
        form=wait.form,
        role=wait.role,
        lane=wait.lane[:120],
        site=sites[wait.site_code],
        assignee=people.get(wait.person),
        is_personal=bool(wait.person),
        has_candidates=not wait.person and bool(wait.candidates or wait.roles),
        priority=step.instance.priority,
        offered_at=step.at,
        due_at=wait.due_at,
        **list_order(step.instance.priority, wait.due_at),
    )


def _candidates(task: UserTask, wait: UserTaskWait, people: Mapping[str, Person]) -> Iterator[TaskCandidate]:
    order = {"rank": task.rank, "due_by": task.due_by, "offered_at": task.offered_at}
    for name in wait.candidates:
        yield TaskCandidate(task=task, person=people[name], **order)
    for role in wait.roles:
        yield TaskCandidate(task=task, site=task.site, role=role, **order)


def _audience(offered: UserTask | TaskCandidate) -> dict[str, Any]:
    """Who is asked, as a grant names them."""
    person = offered.assignee if isinstance(offered, UserTask) else offered.person
    return {"person": person} if person else {"site": offered.site, "role": offered.role}


def _grant(step: CaseInHand, audience: dict[str, Any]) -> None:
    """Let those who are asked see the study for as long as the case runs."""
    study = step.known.subjects.get("study")
    if not study:
        return
    key = (study, *((name, getattr(who, "pk", who)) for name, who in audience.items()))
    if key not in step.known.granted:
        grant_studies([study], cause=grant_cause(step.instance), at=step.at, into=step.changes, **audience)
        step.known.granted.add(key)
