"""Names in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext as _

from accounts.models import Person, Site
from accounts.names import name_of_person, reads_chinese


def name_of(subject: Person | Site | None) -> str:
    """The name of a person or site; the Chinese one for readers of Chinese where there is one."""
    if subject is None:
        return ""
    if isinstance(subject, Site):
        return subject.name_zh if reads_chinese() and subject.name_zh else subject.name
    return name_of_person(subject)


def actor_in_words(name: str) -> str:
    """Who acted, by the name that was recorded: what came with the installation was done by no person."""
    return _("the system") if name == "system" else name


def in_language(texts: Mapping[str, str] | str | None) -> str:
    """The text for the reader from `{"en": ..., "zh-hans": ...}`; English where theirs is missing."""
    if texts is None or isinstance(texts, str):
        return texts or ""
    return texts.get("zh-hans" if reads_chinese() else "en") or texts.get("en", "")
