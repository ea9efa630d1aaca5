"""What news does to open pages and inboxes. Handlers run in the transaction of the delivery."""

from __future__ import annotations

from django.db.models import QuerySet

from accounts.models import Person, Site
from accounts.selectors import people_with_role
from events.services import Event, subscribe
from notifications import live
from notifications.services import mark_over, notify
from notifications.texts import TASK_OFFERED
from workflows.models import UserTask


def on_task_offered(event: Event) -> None:
    """Tell who may take up the step, and show it in their inboxes."""
    audience = audience_of(event)
    task_uid = event.payload["task_uid"]
    step = UserTask.objects.filter(uid=task_uid).values_list("name", flat=True).first()
    notify(
        kind=TASK_OFFERED,
        cause=f"event:{event.uid}",
        about=about_task(task_uid),
        persons=audience,
        subjects={**event.subjects, "task": task_uid},
        href=case_href(event.subjects["case"]),
        step=step or "",
    )
    live.push_inbox_change(audience)


def on_task_closed(event: Event) -> None:
    """Take the step out of inboxes; what was said about it needs no reading any more."""
    mark_over(about_task(event.payload["task_uid"]))
    live.push_inbox_change(audience_of(event))


def on_change(event: Event) -> None:
    """Tell who has the case or the study open."""
    topics = []
    if case_uid := event.subjects.get("case"):
        topics.append(live.case_topic(case_uid))
    if study_instance_uid := event.subjects.get("study"):
        topics.append(live.study_topic(study_instance_uid))
    live.push_change(*topics)


def audience_of(event: Event) -> list[Person]:
    """The person a step is assigned to, or else everyone who holds its role at its site."""
    return list(_audience(event.payload))


def _audience(payload: dict[str, str]) -> QuerySet[Person]:
    if payload.get("assignee"):
        return Person.objects.filter(username=payload["assignee"], is_active=True)
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
    for name in ("CaseChanged", "JobChanged", "SeriesComplete", "ReportSigned"):
        subscribe(name, subscriber="notifications.live", handler=on_change)
