"""What stands still and needs a person: opened once, resolved when the step moves on."""

from __future__ import annotations

import uuid

from common import clock
from common.sentences import Sentence
from workflows.models import Incident


def open_incident(
    pk: int, *, element_id: str, code: str, message: str, task_uid: uuid.UUID | None = None
) -> Incident:
    """Make visible that something stands still; the same trouble is told once until it is resolved."""
    incident, _is_new = Incident.objects.get_or_create(
        instance_id=pk,
        element_id=element_id,
        code=code,
        task_uid=task_uid,
        resolved_at=None,
        defaults={
            "message": message[:200],
            "sentence": message.kept() if isinstance(message, Sentence) else None,
            "opened_at": clock.now(),
        },
    )
    return incident


def resolve_incidents(pk: int, *, task_uid: uuid.UUID) -> None:
    """The step moved on after all, or is tried again."""
    Incident.objects.filter(instance_id=pk, task_uid=task_uid, resolved_at=None).update(
        resolved_at=clock.now()
    )
