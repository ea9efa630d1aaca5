"""What the outcomes of reading forms do: a report is signed; the experts to choose from are looked up."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Person, Role
from accounts.selectors import people_with_role
from archive.reports.services import sign_report
from archive.studies.models import Study
from archive.studies.selectors import visible_studies
from common.errors import InvalidInput
from portal.shell.names import name_of
from workflows.forms import register_choices, register_submission
from workflows.models import UserTask

SIGN_REPORT = "reports.sign"
OPEN_TASKS = Q(user_tasks__status__in=[UserTask.Status.READY, UserTask.Status.CLAIMED])


def register() -> None:
    register_submission(SIGN_REPORT, sign)
    register_choices("people.radiologists", radiologists)


def sign(task: UserTask, actor: Person, data: dict[str, Any]) -> dict[str, Any]:
    """Sign the report of the case's study; what the process learns is its UID and status."""
    report = sign_report(
        study=_study_of(task, actor),
        author=actor,
        findings=data.get("findings", ""),
        impression=data.get("impression", ""),
        recommendation=data.get("recommendation", ""),
        is_critical=data.get("is_critical", False),
        cause=f"task:{task.uid}",
    )
    return {"report_uid": str(report.uid), "status": report.status}


def radiologists(task: UserTask, _person: Person | None = None) -> list[tuple[str, str]]:
    """The radiologists of the task's site with what each has open, the least busy first."""
    people = people_with_role(task.site, Role.RADIOLOGIST).annotate(
        open_tasks=Count("user_tasks", filter=OPEN_TASKS, distinct=True)
    )
    busy = sorted(people, key=lambda person: (person.open_tasks, name_of(person)))
    return [(person.username, _label(person, person.open_tasks)) for person in busy]


def _label(person: Person, open_tasks: int) -> str:
    load = ngettext("%(n)s open task", "%(n)s open tasks", open_tasks) % {"n": open_tasks}
    return f"{name_of(person)} ({load})"


def _study_of(task: UserTask, actor: Person) -> Study:
    uid = task.instance.subjects.filter(kind="study").values_list("uid", flat=True).first()
    study = visible_studies(actor).filter(study_instance_uid=uid).first() if uid else None
    if study is None:
        raise InvalidInput(_("The images of this case have not arrived, so there is nothing to report on."))
    return study
