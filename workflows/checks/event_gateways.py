"""Event-based gateways: the first of several events takes the token, so each is waited for there and only there.
Those that begin a process have no token yet: the first event begins a case.

Reference  BPMN 2.0.2 §10.6.6
"""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _

from workflows.checks.problems import Problem
from workflows.diagram import Diagram, Element

_EVENTS = {"intermediateCatchEvent", "receiveTask"}


def check_beginnings(diagram: Diagram) -> Iterator[Problem]:
    """Gateways and receive tasks that begin the process stand first in it (BPMN 2.0.2 §10.3.3, §10.6.6)."""
    for element in diagram.elements.values():
        if not element.instantiates:
            continue
        if element.kind not in {"eventBasedGateway", "receiveTask"} or element.parent != diagram.key:
            yield Problem(
                element.id, _("Only a process is begun so, by an event-based gateway or a receive task")
            )
        elif diagram.incoming(element.id):
            yield Problem(element.id, _("What begins the process stands first: no flow leads here"))
        elif any(each.attached_to == element.id for each in diagram.elements.values()):
            yield Problem(element.id, _("A receive task that begins the process has no boundary event"))


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
    if len(event.triggers) > 1:
        yield Problem(
            event.id, _("An event behind an event-based gateway has one trigger; draw one for each")
        )
    if len(diagram.incoming(event.id)) > 1:
        yield Problem(event.id, _("An event behind an event-based gateway has no other way in"))
    if any(each.attached_to == event.id for each in diagram.elements.values()):
        yield Problem(event.id, _("A receive task behind an event-based gateway has no boundary event"))
