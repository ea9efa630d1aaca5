"""When the product takes up again what a daemon has left behind."""

from __future__ import annotations

import datetime as dt

from django.db.models import Min
from django.db.models.functions import Greatest

from events.models import Bulletin, Delivery
from integrations.hl7.models import OutboundMessage
from workflows.models import ServiceTaskRun


def next_taken_up_at() -> dt.datetime | None:
    """The moment a lease runs out, or something is tried or told again; None where nothing waits for time."""
    runs, messages = ServiceTaskRun.objects, OutboundMessage.objects
    moments = [
        runs.filter(status="running").aggregate(at=Min("lease_until")),
        runs.filter(status="queued").aggregate(at=Min("next_attempt_at")),
        Bulletin.objects.aggregate(at=Min("next_attempt_at")),
        Delivery.objects.filter(delivered_at=None, failed_at=None).aggregate(at=Min("next_attempt_at")),
        messages.filter(acknowledged_at=None, failed_at=None).aggregate(
            at=Min(Greatest("next_attempt_at", "lease_until"))
        ),
    ]
    return min((each["at"] for each in moments if each["at"] is not None), default=None)
