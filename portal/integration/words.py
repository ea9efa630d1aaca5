"""States of messages in words."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from common.sentences import said_again
from portal.cases.words import Word, news_name
from workflows.models import Incident

MESSAGE: dict[str, Word] = {
    "accepted": Word(_("Accepted"), "circle-check", "ok"),
    "rejected": Word(_("Refused"), "circle-x", "critical"),
    "failed": Word(_("Failed"), "octagon-alert", "critical"),
    "queued": Word(_("Waiting"), "hourglass", "warning"),
    "acknowledged": Word(_("Acknowledged"), "check-check", "ok"),
}
DIRECTION: dict[str, Word] = {
    "inbound": Word(_("Received"), "arrow-down"),
    "outbound": Word(_("Sent"), "arrow-up"),
}
INCIDENT_OPEN = Word(_("Open"), "octagon-alert", "critical")
INCIDENT_RESOLVED = Word(_("Resolved"), "circle-check", "ok")
STANDSTILL: dict[str, Word] = {
    "node_left_alone": Word(_("The node does not answer and is left alone."), "server", "critical"),
    "notices_waiting": Word(_("Notices wait for the node."), "mail", "warning"),
    "deliveries_waiting": Word(_("Objects wait for the destination."), "send", "warning"),
    "segment_open": Word(_("A segment was not sealed."), "archive", "warning"),
    "copy_stuck": Word(_("A copy is stuck between volumes."), "archive", "warning"),
    "correction_planned": Word(_("A correction was planned and is not performed."), "pen-line", "warning"),
    "finding_unrepaired": Word(_("Damaged bytes were not repaired."), "alert-triangle", "critical"),
}
INCIDENT: dict[str, str | Promise] = {
    "STEP_OVERDUE": _("A step has not answered in time."),
    "NO_WORKER": _("No worker has taken a step."),
    "TIMER_LATE": _("A due timer was not fired."),
    "STUCK": _("Nothing is waited for: the case cannot move on by itself."),
    "WORKER_LOST": _("The worker was lost in the middle of a step, again and again."),
    "OPERATOR_UNKNOWN": _("The diagram names a step that this installation does not know."),
}


def incident_words(incident: Incident) -> str:
    """What an incident says to people: in our words for its sentence or its code, else as it was written."""
    if incident.code == "MESSAGE_NOT_TAKEN":
        return str(_("News that no step waits for: %(name)s.") % {"name": news_name(incident.message)})
    if incident.code == "ESCALATION_NOT_HEARD":
        return str(_("An escalation that nobody hears: %(name)s.") % {"name": incident.message})
    if incident.sentence is not None:
        return said_again(incident.sentence)
    return str(INCIDENT.get(incident.code, incident.message))
