"""Signals: everybody who listens when one is thrown catches it, each in a step of its own.

The thrower's step writes one piece of news. Its delivery finds the rows of those who listened before it was thrown
and writes one piece of news for each; every one is then delivered, and tried again, by itself.

Reference  BPMN 2.0.2 §10.5.1 (broadcast), §10.5.5 (Signal)
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Any

from django.db import transaction

from common.errors import Conflict
from events import services as events
from events.services import Event
from workflows.engine import Thrown
from workflows.models import HeldInput, MessageSubscription, ProcessDefinition, ProcessInstance
from workflows.news import throwing
from workflows.starting.starts import begin_by
from workflows.stepping import WORKFLOW, open_step
from workflows.suspension.holding import CaseSuspended, as_payload, hold


def broadcast_signal(
    name: str, *, payload: Mapping[str, Any], site_code: str, subjects: Mapping[str, str]
) -> uuid.UUID:
    """Throw a signal from outside the processes."""
    with transaction.atomic():
        return throwing.publish(
            Thrown("signal", name, "", "", payload), site_code=site_code, subjects=subjects
        )


def spread(event: Event) -> None:
    """Send a signal to each place that listened when it was thrown, and to each process it begins."""
    name = event.payload["signal"]
    listening = MessageSubscription.objects.filter(
        kind="signal",
        message=name,
        since__lt=dt.datetime.fromisoformat(event.payload["thrown_at"]),
        instance__status=ProcessInstance.Status.RUNNING,
    )
    beginning = ProcessDefinition.objects.filter(is_active=True, start_signals__contains=[name])
    offers = [
        {"subscription": str(uid), "instance": instance}
        for uid, instance in listening.values_list("uid", "instance_id")
    ] + [
        {"definition": pk, "signal": name, "signal_uid": str(event.uid)}
        for pk in beginning.values_list("pk", flat=True)
    ]
    shared = {"data": event.payload["data"], "site_code": event.payload["site_code"]}
    events.publish_together(
        [("SignalOffered", {**offer, **shared}) for offer in offers], subjects=event.subjects
    )


def hand_over(event: Event) -> None:
    """Give a signal to one place that listens, or have it begin one process; nothing if it is not waited for."""
    offer = event.payload
    if "definition" in offer:
        definition = ProcessDefinition.objects.only("pk", "key").get(pk=offer["definition"])
        data = {"site_code": offer["site_code"], **offer["data"]}
        name, key = offer["signal"], offer["signal_uid"]
        begin_by(definition, "signal", name, data=data, subjects=event.subjects, key=key)
        return
    uid = uuid.UUID(offer["subscription"])
    try:
        with open_step(offer["instance"], actor=WORKFLOW) as step:
            wait = step.run.waits.messages.get(uid) if step is not None else None
            if step is not None and wait is not None and step.run.catch_message(uid, offer["data"]):
                step.note("signal.received", element_id=wait.element_id, name=wait.message)
    except CaseSuspended:
        hold(offer["instance"], HeldInput.Kind.SIGNAL, event.uid, as_payload(event))
    except Conflict:
        return  # the case has ended meanwhile
