"""The steps a diagram can name to reach people."""

from __future__ import annotations

from accounts.models import Role, Site
from accounts.selectors import people_with_role
from common.errors import InvalidInput, NotFound
from notifications.services import notify
from notifications.subscribers import about_task, case_href
from notifications.texts import CASE_NOTICE, TASK_ESCALATED, TASK_REMINDER
from workflows.diagram import Element, read_diagram
from workflows.models import ProcessInstance, UserTask
from workflows.selectors import diagram_text
from workflows.service_tasks import TaskContext, service_task


@service_task("notifications.remind")
def remind(context: TaskContext, *, element_id: str) -> dict[str, int]:
    """Remind who has a waiting step of this process, or everyone who may take it up.

    A step that was done meanwhile needs no reminder: nobody is told, and that is no error.

    Returns  how many people were told.
    """
    told = 0
    for task in _open_tasks(context, element_id):
        people = [task.assignee] if task.assignee else people_with_role(task.site, task.role)
        told += len(
            notify(
                kind=TASK_REMINDER,
                cause=f"run:{context.run_uid}",
                about=about_task(str(task.uid)),
                persons=people,
                subjects={**context.subjects, "task": str(task.uid)},
                href=case_href(str(context.instance_uid)),
                step=task.name,
            )
        )
    return {"notified": told}


@service_task("notifications.notify_role")
def notify_role(
    context: TaskContext, *, role: str, site_code: str = "", element_id: str = ""
) -> dict[str, int]:
    """Tell everyone who holds a role at a site (the process's own, where none is named) about the case.

    `element_id` names the step it is about: a step that waits for a person is told of as not done in time.

    Returns  how many people were told.
    Raises   InvalidInput for a role or step there is not; NotFound for an unknown site.
    """
    if role not in Role.values:
        raise InvalidInput("There is no such role", code="UNKNOWN_ROLE", fields={"role": role})
    site = Site.objects.filter(code=site_code or context.site_code).first()
    if site is None:
        raise NotFound("There is no such site", code="UNKNOWN_SITE")
    step = _step(context, element_id) if element_id else None
    told = notify(
        kind=TASK_ESCALATED if step and step.kind == "userTask" else CASE_NOTICE,
        cause=f"run:{context.run_uid}",
        site=site,
        role=role,
        subjects=context.subjects,
        href=case_href(str(context.instance_uid)),
        step=step.name if step else "",
    )
    return {"notified": len(told)}


def _step(context: TaskContext, element_id: str) -> Element:
    instance = ProcessInstance.objects.select_related("definition").get(uid=context.instance_uid)
    step = read_diagram(diagram_text(instance.definition)).elements.get(element_id)
    if step is None:
        raise InvalidInput(
            "The diagram has no such step", code="UNKNOWN_STEP", fields={"element_id": element_id}
        )
    return step


def _open_tasks(context: TaskContext, element_id: str) -> list[UserTask]:
    return list(
        UserTask.objects.filter(
            instance__uid=context.instance_uid,
            element_id=element_id,
            status__in=[UserTask.Status.READY, UserTask.Status.CLAIMED],
        ).select_related("assignee", "site")
    )
