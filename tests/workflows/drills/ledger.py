"""What is to be the same whether workers were killed or not."""

from __future__ import annotations

from collections import Counter
from typing import Any

from accounts.models import AccessGrant, AuditEvent
from tests.bulletins import deliveries
from workflows.models import (
    Incident,
    MessageSubscription,
    ProcessEvent,
    ProcessInstance,
    ReceivedMessage,
    ServiceTaskRun,
    Timer,
    UserTask,
)


def ledger() -> dict[str, Any]:
    """Everything the cases in the database have left behind, counted; not when, and not by which attempt."""
    return {
        "cases": Counter(ProcessInstance.objects.values_list("status", "outcome")),
        "history": Counter(ProcessEvent.objects.values_list("kind", "element_id", "actor")),
        "tasks": Counter(UserTask.objects.values_list("element_id", "status", "outcome")),
        "machines": Counter(ServiceTaskRun.objects.values_list("element_id", "status")),
        "timers": Counter(Timer.objects.values_list("element_id", "status")),
        "messages": Counter(
            (message, consumed is None)
            for message, consumed in ReceivedMessage.objects.values_list("message", "consumed_at")
        ),
        "waiting": MessageSubscription.objects.count(),
        "audit": Counter(AuditEvent.objects.values_list("action", "actor")),
        "news": Counter(deliveries().exclude(name="CaseChanged").values_list("name", "subscriber")),
        "grants": Counter(
            (role, revoked is None) for role, revoked in AccessGrant.objects.values_list("role", "revoked_at")
        ),
        "incidents": Incident.objects.count(),
    }


def steps_told() -> tuple[int, int]:
    """How many steps were written, and how often it was told that a case has changed."""
    written = sum(ProcessInstance.objects.values_list("revision", flat=True))
    return written, deliveries(name="CaseChanged").count()
