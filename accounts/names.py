"""What people are called, in the reader's language."""

from __future__ import annotations

from django.utils.translation import get_language

from accounts.models import Person


def reads_chinese() -> bool:
    return (get_language() or "").startswith("zh")


def name_of_person(person: Person) -> str:
    """The name of a person; the Chinese one for readers of Chinese where there is one."""
    chinese = person.display_name_zh if reads_chinese() else ""
    return chinese or person.display_name or person.username
