"""Choices every form may offer: the people who hold a role where the task is, and the files of the case."""

from __future__ import annotations

from functools import partial

from accounts.models import Person, Role
from accounts.names import name_of_person
from accounts.selectors import people_with_role
from workflows.forms import Choices, register_choices
from workflows.models import UserTask
from workflows.people.attachments import attachments_of


def register() -> None:
    """Offer `people.<role>s`, such as `people.radiologists`, and `case.attachments` to forms."""
    register_choices("case.attachments", _attachments)
    for role in Role:
        register_choices(f"people.{role.value}s", partial(_people, role=role))


def _attachments(task: UserTask, _person: Person | None) -> Choices:
    return [(str(each.uid), each.name) for each in attachments_of(task.instance)]


def _people(task: UserTask, _person: Person | None, *, role: Role) -> Choices:
    return [(person.username, name_of_person(person)) for person in people_with_role(task.site, role)]
