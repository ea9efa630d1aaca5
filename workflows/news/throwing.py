"""What a step throws out of its instance: written with the step, delivered after it.

A message without a key is news about the case's subjects, like any other. One with a key is meant for whoever waits
for that key, so it is kept as a row until somebody takes it. A signal is for everybody who listens now, an escalation
for the call that the case stands behind.

Reference  BPMN 2.0.2 §10.5.1 (publication, direct resolution by correlation, broadcast)
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Any

from common import clock
from common.rows import Changes, write_with
from events import services as events
from workflows.engine import Thrown
from workflows.models import ThrownMessage

PATIENCE = dt.timedelta(minutes=10)
"""How long a message waits to be taken before its thrower is told that nobody does."""
FIRST_OFFER = dt.timedelta(seconds=2)


def publish(
    thrown: Thrown,
    *,
    site_code: str,
    subjects: Mapping[str, str],
    thrower: int | None = None,
    into: Changes | None = None,
) -> uuid.UUID:
    """Send a message, signal or escalation with the changes in hand, or now; the UID of the news."""
    if thrown.kind == "escalation":
        told = {"code": thrown.name, "element": thrown.element_id, "number": thrown.key, "instance": thrower}
        return events.publish_together([("EscalationThrown", told)], subjects=subjects, into=into)[0]
    if thrown.kind == "signal":
        return _broadcast(thrown, site_code=site_code, subjects=subjects, into=into)
    told = {"key": thrown.key, "element": thrown.element_id, "instance": thrower}
    body = {"site_code": site_code, **thrown.payload, "thrown": told}
    (uid,) = events.publish_together([(thrown.name, body)], subjects=subjects, into=into)
    if thrown.key:
        now = clock.now()
        row = ThrownMessage(
            uid=uid,
            name=thrown.name,
            key=thrown.key,
            payload=dict(thrown.payload),
            subjects=dict(subjects),
            site_code=site_code,
            instance_id=thrower,
            element_id=thrown.element_id,
            thrown_at=now,
            next_offer_at=now + FIRST_OFFER,
        )
        write_with(into, [row])
    return uid


def _broadcast(
    thrown: Thrown, *, site_code: str, subjects: Mapping[str, str], into: Changes | None
) -> uuid.UUID:
    body = {
        "signal": thrown.name,
        "data": dict(thrown.payload),
        "site_code": site_code,
        "thrown_at": clock.now().isoformat(),
    }
    news: list[tuple[str, Mapping[str, Any]]] = [("SignalThrown", body)]
    return events.publish_together(news, subjects=subjects, into=into)[0]
