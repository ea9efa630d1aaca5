"""Messages that came before anyone waited for them, given to the catch that waits now."""

from __future__ import annotations

from workflows.models import ReceivedMessage
from workflows.stepping.hooks import take_correlated
from workflows.stepping.step import Step


def take_early_messages(step: Step) -> None:
    """Give each catch the step newly waits at what came for it before; that may lead on to further catches."""
    known = set(step.before.messages)
    while new := {uid: wait for uid, wait in step.run.waits.messages.items() if uid not in known}:
        known |= set(new)
        take_correlated(step, list(new.values()))
        named = {wait.message for wait in new.values() if wait.kind == "message" and not wait.key}
        if not named:
            continue
        early = {
            row.message: row
            for row in ReceivedMessage.objects.filter(
                instance=step.instance,
                consumed_at=None,
                message__in=named,
            ).order_by("-id")
        }
        for uid, wait in new.items():
            row = None if wait.key else early.pop(wait.message, None)
            if row is not None and step.run.catch_message(uid, row.payload):
                row.consumed_at = step.at
                row.save(update_fields=["consumed_at"])
