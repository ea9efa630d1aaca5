"""What others are told of a step, in its outbox: tasks offered and closed, the case changed, messages thrown."""

from __future__ import annotations

from typing import Any

from events import services as events
from workflows.models import UserTask
from workflows.news import throwing
from workflows.stepping.step import Step


def publish(step: Step, offered: list[UserTask]) -> None:
    """Tell of the tasks the step closed and offered, and that the case has changed."""
    subjects = {**step.subjects, "case": step.case}
    news = [("UserTaskClosed", _task_news(task)) for task in step.closed.values()]
    news += [("UserTaskOffered", _task_news(task)) for task in (*offered, *step.handed)]
    changed = {"revision": step.instance.revision, "status": step.instance.status}
    news.append(("CaseChanged", changed))
    events.publish_together(news, subjects=subjects, at=step.at, into=step.changes)


def publish_thrown(step: Step) -> None:
    """Send the messages and signals the process threw in this step."""
    for each in step.run.take_thrown():
        step.note(f"{each.kind}.thrown", element_id=each.element_id, name=each.name)
        throwing.publish(
            each,
            site_code=_site_code(step),
            subjects=step.subjects,
            thrower=step.instance.pk,
            into=step.changes,
        )


def _site_code(step: Step) -> str:
    known = (site.code for site in step.known.sites.values() if site.pk == step.instance.site_id)
    return next(known, None) or step.instance.site.code


def _task_news(task: UserTask) -> dict[str, Any]:
    return {
        "task_uid": str(task.uid),
        "element_id": task.element_id,
        "name": task.name,
        "role": task.role,
        "site_code": task.site.code,
        "assignee": task.assignee.username if task.assignee else "",
        "has_candidates": task.has_candidates,
        "status": task.status,
    }
