"""Names and states of cases in words, with the icon and tone that go with each."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from common.diagram_names import name_in_words
from workflows.models import ProcessInstance


@dataclass(frozen=True, slots=True)
class Word:
    """A state as people see it: never by colour alone."""

    word: str | Promise
    icon_name: str
    tone: str = ""


_UNKNOWN = Word(_("Unknown"), "circle-help")

CASE: dict[str, Word] = {
    "running": Word(_("Running"), "play", "info"),
    "completed": Word(_("Completed"), "circle-check", "ok"),
    "cancelled": Word(_("Cancelled"), "ban"),
    "failed": Word(_("Failed"), "octagon-alert", "critical"),
}
SUSPENDED = Word(_("Suspended"), "pause", "warning")
TASK: dict[str, Word] = {
    "ready": Word(_("Waiting"), "hourglass", "warning"),
    "claimed": Word(_("In work"), "user-check", "info"),
    "completed": Word(_("Done"), "circle-check", "ok"),
    "cancelled": Word(_("Withdrawn"), "ban"),
}
URGENCY: dict[str, Word] = {
    "STAT": Word(_("STAT"), "siren", "solid-critical"),
    "URGENT": Word(_("Urgent"), "zap", "warning"),
    "ROUTINE": Word(_("Routine"), "minus"),
}
JOB: dict[str, Word] = {
    "queued": Word(_("Waiting"), "hourglass"),
    "running": Word(_("Computing"), "activity", "info"),
    "completed": Word(_("Done"), "circle-check", "ok"),
    "failed": Word(_("Failed"), "octagon-alert", "critical"),
    "cancelled": Word(_("Cancelled"), "ban"),
}
REPORT: dict[str, Word] = {
    "preliminary": Word(_("Preliminary"), "file-pen", "warning"),
    "final": Word(_("Final"), "file-check", "ok"),
    "amended": Word(_("Amended"), "file-check", "info"),
}
HAPPENED: dict[str, Word] = {
    "case.started": Word(_("Case started"), "play"),
    "case.completed": Word(_("Case completed"), "circle-check"),
    "case.cancelled": Word(_("Case cancelled"), "ban"),
    "case.failed": Word(_("Case ended with an error"), "octagon-alert"),
    "case.suspended": Word(_("Case suspended"), "pause"),
    "case.resumed": Word(_("Case goes on"), "play"),
    "task.claimed": Word(_("Taken"), "hand"),
    "task.released": Word(_("Given back"), "rotate-ccw"),
    "task.completed": Word(_("Done"), "check"),
    "task.declined": Word(_("Declined"), "x"),
    "task.delegated": Word(_("Delegated"), "users"),
    "task.passed_on": Word(_("Passed on"), "arrow-right"),
    "task.handed_back": Word(_("Handed back"), "rotate-ccw"),
    "task.reassigned": Word(_("Reassigned"), "user-check"),
    "task.withdrawn": Word(_("Withdrawn"), "ban"),
    "element.completed": Word(_("Done by the system"), "activity"),
    "step.failed": Word(_("Step failed"), "octagon-alert"),
    "timer.fired": Word(_("Time came"), "timer"),
    "message.received": Word(_("News arrived"), "mail"),
    "message.thrown": Word(_("Message sent"), "send"),
    "escalation.received": Word(_("Escalation heard"), "mail"),
    "escalation.thrown": Word(_("Escalation sent"), "send"),
    "signal.received": Word(_("Signal caught"), "mail"),
    "signal.thrown": Word(_("Signal sent"), "send"),
}


EVENT_NAMES: dict[str, str | Promise] = {
    "OrderReceived": _("Order received"),
    "StudyReceived": _("Study received"),
    "SeriesComplete": _("Series complete"),
    "ReportSigned": _("Report signed"),
    "ReportDelivered": _("Report delivered"),
    "JobChanged": _("Computation changed"),
}


def case_state(case: ProcessInstance) -> Word:
    """How a case stands, in words."""
    return SUSPENDED if case.suspended_at and case.status == "running" else word(CASE, case.status)


def word(words: dict[str, Word], state: str) -> Word:
    """The word for a state; an honest unknown for one this page has not learned."""
    return words.get(state, _UNKNOWN)


def news_name(name: str) -> str:
    """What is heard of in words; as drawn where a designer made it up."""
    return str(EVENT_NAMES[name]) if name in EVENT_NAMES else name_in_words(name)
