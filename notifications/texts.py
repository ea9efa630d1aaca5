"""The sentences of each kind of notification. None speaks of a patient: they travel by mail and lock screen."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext, gettext_noop

from common.diagram_names import name_in_words
from notifications.models import Notification

TASK_OFFERED = "task_offered"
TASK_REMINDER = "task_reminder"
TASK_ESCALATED = "task_escalated"
CASE_NOTICE = "case_notice"
MENTIONED = "mentioned"

_TEXTS = {
    TASK_OFFERED: (gettext_noop("A case waits for you"), gettext_noop("Next step: %(step)s.")),
    TASK_REMINDER: (gettext_noop("A case still waits for you"), gettext_noop("Still to be done: %(step)s.")),
    TASK_ESCALATED: (
        gettext_noop("A case has waited too long"),
        gettext_noop("Not done in time: %(step)s. Please find somebody else."),
    ),
    MENTIONED: (gettext_noop("A colleague wrote to you in a case"), ""),
    CASE_NOTICE: (gettext_noop("A case needs your attention"), gettext_noop("Step: %(step)s.")),
}


@dataclass(frozen=True, slots=True)
class Text:
    title: str
    body: str


def is_known(kind: str) -> bool:
    """Whether there are sentences for this kind."""
    return kind in _TEXTS


def text_of(notification: Notification) -> Text:
    """The notification's sentences in the language of the person it is for."""
    title, body = _TEXTS[notification.kind]
    with translation.override(notification.person.language or settings.LANGUAGE_CODE):
        if not notification.step:
            return Text(gettext(title), "")
        return Text(gettext(title), gettext(body) % {"step": name_in_words(notification.step)})
