"""Rows of the places that wait for a message, a signal or a condition: news finds the instance by them."""

from __future__ import annotations

from workflows.engine import Waits
from workflows.models import MessageSubscription
from workflows.stepping.step import Step


def write_subscriptions(step: Step, after: Waits) -> None:
    gone = set(step.before.messages) - set(after.messages)
    if gone:
        MessageSubscription.objects.filter(pk__in=gone).delete()
    new = [wait for uid, wait in after.messages.items() if uid not in step.before.messages]
    step.changes.insert(
        MessageSubscription(
            uid=wait.uid,
            instance=step.instance,
            element_id=wait.element_id,
            kind=wait.kind,
            message=wait.message,
            key=wait.key,
            since=step.at,
        )
        for wait in new
    )
