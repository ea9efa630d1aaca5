"""Event-based gateways: the first of several events takes the token, so each is waited for there and only there.

Reference  BPMN 2.0.2 §10.6.6
"""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _

from workflows.checks.problems import Problem
from workflows.diagram import Diagram, Element

_EVENTS = {"intermediateCatchEvent", "receiveTask"}


def check_event_gateways(diagram: Diagram) -> Iterator[Problem]:
    for gateway in diagram.elements.values():
        if gateway.kind != "eventBasedGateway":
            continue
        waited_for: set[tuple[str, tuple[str, ...]]] = set()
        for flow in diagram.outgoing(gateway.id):
            target = diagram.elements.get(flow.target)
            if target is None or target.kind not in _EVENTS:
                yield Problem(flow.id, _("An event-based gateway leads to catch events only"))
                continue
            yield from _check_event(diagram, target)
            trigger = target.trigger("message")
            if trigger is not None and (trigger.name, target.correlating) in waited_for:
                yield Problem(target.id, _("Another event behind the gateway waits for the same message"))
            if trigger is not None:
                waited_for.add((trigger.name, target.correlating))


def _check_event(diagram: Diagram, event: Element) -> Iterator[Problem]:
    if len(diagram.incoming(event.id)) > 1:
        yield Problem(event.id, _("An event behind an event-based gateway has no other way in"))
    if any(each.attached_to == event.id for each in diagram.elements.values()):
        yield Problem(event.id, _("A receive task behind an event-based gateway has no boundary event"))
