"""How long is left: the clock of a task, in words, icon and tone, as the page goes on telling it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from babel import Locale
from babel.units import format_unit
from django.utils import translation
from django.utils.translation import gettext as _

from common import clock
from workflows.models import UserTask

SOON_PART = 4  # the last quarter of the time a task was given
SOON_AT_LEAST = dt.timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Countdown:
    """The clock of a task. `soon_at` is when it begins to press; the page changes words and tone by itself.

    In a suspended case it presses nobody: it says so, and the moment it is due stays known.
    """

    due_at: dt.datetime
    soon_at: dt.datetime
    is_suspended: bool = False

    @property
    def is_late(self) -> bool:
        return not self.is_suspended and clock.now() >= self.due_at

    @property
    def is_soon(self) -> bool:
        return not self.is_suspended and self.soon_at <= clock.now() < self.due_at

    @property
    def tone(self) -> str:
        return "critical" if self.is_late else "warning" if self.is_soon or self.is_suspended else ""

    @property
    def icon_name(self) -> str:
        if self.is_suspended:
            return "pause"
        return "clock-alert" if self.is_late else "hourglass" if self.is_soon else "clock"

    @property
    def left(self) -> str:
        """The sentence before it is due; the span goes into it."""
        return _("%(span)s left")

    @property
    def late(self) -> str:
        """The sentence from then on."""
        return _("%(span)s late")

    @property
    def words(self) -> str:
        if self.is_suspended:
            return _("Suspended")
        span = duration_in_words(abs(self.due_at - clock.now()))
        return (self.late if self.is_late else self.left) % {"span": span}


def countdown_of(task: UserTask, *, is_suspended: bool) -> Countdown | None:
    """The clock of a task, whose case may be suspended; None where it has no due date."""
    if task.due_at is None:
        return None
    given = task.due_at - task.offered_at
    return Countdown(task.due_at, task.due_at - max(given / SOON_PART, SOON_AT_LEAST), is_suspended)


def duration_in_words(span: dt.timedelta) -> str:
    """A span by its two largest units: "2 days 3 hr", "14 min"; under a minute "0 min"."""
    minutes = int(span.total_seconds() // 60)
    days, hours = divmod(minutes // 60, 24)
    parts = [(days, "day"), (hours, "hour")] if days else [(hours, "hour"), (minutes % 60, "minute")]
    shown = [(count, unit) for count, unit in parts if count] or [(0, "minute")]
    locale = Locale.parse(translation.to_locale(translation.get_language() or "en"))
    return " ".join(
        format_unit(count, f"duration-{unit}", length="short", locale=locale) for count, unit in shown
    )
