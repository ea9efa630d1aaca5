"""Colleagues to whom a task could be given, as a field offers them, the least busy first."""

from __future__ import annotations

from django.db.models import Count, Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Person
from common.errors import InvalidInput
from portal.shell.names import name_of
from workflows.models import UserTask
from workflows.people.task_steps import people_who_may
from workflows.selectors import OPEN_TASK


def colleagues_for(task: UserTask, *, without: Person | None) -> list[tuple[str, str]]:
    """Usernames with names and what each has open."""
    people = people_who_may(task).annotate(
        open_tasks=Count("user_tasks", filter=Q(user_tasks__status__in=OPEN_TASK), distinct=True)
    )
    offered = [person for person in people if without is None or person.pk != without.pk]
    offered.sort(key=lambda person: (person.open_tasks, name_of(person)))
    return [(person.username, f"{name_of(person)} ({_load(person.open_tasks)})") for person in offered]


def person_named(username: str) -> Person:
    """Whom a form named. Raises InvalidInput with a sentence for `to`."""
    person = Person.objects.filter(username=username, is_active=True).first() if username else None
    if person is None:
        sentence = _("Choose a colleague.")
        raise InvalidInput(sentence, code="PERSON_UNKNOWN", fields={"to": sentence})
    return person


def _load(count: int) -> str:
    return ngettext("%(n)s open task", "%(n)s open tasks", count) % {"n": count}
