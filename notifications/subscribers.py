"""What news does to open pages and inboxes. Handlers run in the transaction of the delivery."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from accounts.models import Person, Site
from accounts.selectors import people_with_role
from events.services import Event, subscribe
from notifications import live
from notifications.services import mark_over, notify
from notifications.texts import MENTIONED, TASK_OFFERED
from workflows.models import UserTask
from workflows.selectors import OPEN_TASK, people_offered


def on_task_offered(event: Event) -> None:
    """Tell who may take up the step, and show it in their inboxes."""
    audience = audience_of(event)
    task_uid = event.payload["task_uid"]
    notify(
        kind=TASK_OFFERED,
        cause=f"event:{event.uid}",
        about=about_task(task_uid),
        persons=audience,
        subjects={**event.subjects, "task": task_uid},
        href=case_href(event.subjects["case"]),
        step=event.payload["name"],
    )
    live.push_inbox_change(audience)


def on_task_closed(event: Event) -> None:
    """Take the step out of inboxes; what was said about it needs no reading any more."""
    mark_over(about_task(event.payload["task_uid"]))
    live.push_inbox_change(audience_of(event))


def on_case_changed(event: Event) -> None:
    """Tell who has the case open; and as somebody may have taken or put back a step, its inboxes."""
    on_change(event)
    open_tasks = UserTask.objects.filter(instance__uid=event.subjects["case"], status__in=OPEN_TASK)
    concerned: set[Person] = set()
    for task in open_tasks.select_related("assignee", "site"):
        concerned.update(people_offered(task))
        if task.assignee:
            concerned.add(task.assignee)
    live.push_inbox_change(concerned)


def on_comment(event: Event) -> None:
    """Show what was written to who has the case open, and tell those it names. Its text stays in the case."""
    on_change(event)
    mentioned = Person.objects.filter(username__in=event.payload["mentioned"], is_active=True)
    notify(
        kind=MENTIONED,
        cause=f"event:{event.uid}",
        persons=mentioned.exclude(username=event.payload["author"]),
        subjects=event.subjects,
        href=f"{case_href(event.subjects['case'])}?tab=conversation",
    )


def on_change(event: Event) -> None:
    """Tell who has the case or the study open."""
    topics = []
    if case_uid := event.subjects.get("case"):
        topics.append(live.case_topic(case_uid))
    if study_instance_uid := event.subjects.get("study"):
        topics.append(live.study_topic(study_instance_uid))
    live.push_change(*topics)


def audience_of(event: Event) -> list[Person]:
    """The person a step is assigned to, or else everyone it is offered to."""
    return list(_audience(event.payload))


def _audience(payload: dict[str, Any]) -> QuerySet[Person]:
    if payload.get("assignee"):
        return Person.objects.filter(username=payload["assignee"], is_active=True)
    if payload.get("has_candidates"):
        task = UserTask.objects.filter(pk=payload["task_uid"]).select_related("site").first()
        return people_offered(task) if task else Person.objects.none()
    site = Site.objects.filter(code=payload["site_code"]).first()
    return people_with_role(site, payload["role"]) if site else Person.objects.none()


def about_task(task_uid: str) -> str:
    return f"task:{task_uid}"


def case_href(case_uid: str) -> str:
    return f"/cases/{case_uid}/"


def register() -> None:
    """Subscribe to everything that changes what somebody may be looking at."""
    subscribe("UserTaskOffered", subscriber="notifications.task_offered", handler=on_task_offered)
    subscribe("UserTaskClosed", subscriber="notifications.task_closed", handler=on_task_closed)
    subscribe("CaseChanged", subscriber="notifications.case_changed", handler=on_case_changed)
    subscribe("CaseCommented", subscriber="notifications.commented", handler=on_comment)
    for name in ("JobChanged", "SeriesComplete", "ReportSigned", "CaseFilesChanged"):
        subscribe(name, subscriber="notifications.live", handler=on_change)
