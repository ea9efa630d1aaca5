"""Which triggers an event may have, by its kind and its place.

Reference  BPMN 2.0.2 §10.5.2 to §10.5.4 (tables of triggers and results)
"""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from workflows.checks.problems import Problem, check_expression
from workflows.diagram import Diagram, Element

_OUTER_STARTS = {"", "message", "signal", "timer"}
_EVENT_STARTS = {"message", "signal", "timer", "conditional", "error", "escalation"}
_TRIGGERS: dict[str, set[str]] = {
    "endEvent": {"", "terminate", "error", "escalation", "message", "signal", "compensate", "cancel"},
    "intermediateCatchEvent": {"message", "timer", "signal", "conditional", "link"},
    "intermediateThrowEvent": {"", "message", "signal", "escalation", "compensate", "link"},
    "boundaryEvent": {
        "message", "timer", "signal", "conditional", "error", "escalation", "cancel", "compensate",
    },
    "receiveTask": {"message"},
    "sendTask": {"message"},
}  # fmt: skip
_WITH_SEVERAL = {"startEvent", "intermediateCatchEvent", "boundaryEvent"}
_THROWING = {"intermediateThrowEvent", "endEvent"}
_COMBINED = {"message", "signal", "timer", "conditional", "error", "escalation"}
_AT_MOST_ONE = {
    "timer": gettext_lazy("Of several triggers one at most is a timer"),
    "conditional": gettext_lazy("Of several triggers one at most is a condition"),
}
_WORDS = {"compensate": "compensation"}
_WHY = {
    (
        "startEvent",
        "conditional",
    ): gettext_lazy("A process is not begun by a condition; begin it by a message, a signal or a timer"),
    (
        "startEvent",
        "compensate",
    ): gettext_lazy("A compensation event subprocess stands in a subprocess, which it undoes"),
}
_NOTHING = {
    "sendTask": gettext_lazy("The send task has no message"),
    "receiveTask": gettext_lazy("The receive task has no message"),
}
_NEEDS_NAME = {
    "message": gettext_lazy("The message has no name"),
    "signal": gettext_lazy("The signal has no name"),
    "link": gettext_lazy("The link has no name"),
}


def check_triggers(diagram: Diagram) -> Iterator[Problem]:
    for element in diagram.elements.values():
        allowed = _allowed(diagram, element)
        if allowed is None:
            continue
        if len(element.triggers) > 1:
            yield from _check_several(diagram, element)
        for kind in [trigger.kind for trigger in element.triggers] or [""]:
            if kind not in allowed:
                place = "startEvent" if kind and diagram.begins(element) else element.kind
                yield Problem(element.id, _refusal(place, kind))


def _check_all(diagram: Diagram, element: Element) -> Iterator[Problem]:
    """What is not kept until the others come cannot be waited for together with them."""
    if diagram.begins(element):
        yield Problem(element.id, _("A process is begun by one trigger, not by several together"))
    for trigger in element.triggers:
        if trigger.kind in {"error", "escalation"} or trigger.cycle:
            yield Problem(
                element.id, _("Messages, signals, conditions and one timer alone are waited for together")
            )


def _check_several(diagram: Diagram, element: Element) -> Iterator[Problem]:
    """What is caught must be told from the others while it is waited for; what is thrown goes out of the process."""
    if element.correlation is not None and len(element.triggers_of("message")) > 1:
        yield Problem(
            element.id, _("Of several messages none has a correlation key of BPMN's; write consilium:message")
        )
    if element.kind in _THROWING:
        if {trigger.kind for trigger in element.triggers} - {"message", "signal"}:
            yield Problem(element.id, _("Only messages and signals are thrown together"))
        return
    if element.kind not in _WITH_SEVERAL:
        yield Problem(element.id, _("A task sends or receives one message"))
    for kind, message in _AT_MOST_ONE.items():
        if len(element.triggers_of(kind)) > 1:
            yield Problem(element.id, str(message))
    for trigger in element.triggers:
        if trigger.kind not in _COMBINED:
            yield Problem(
                element.id,
                _("The trigger %(kind)s stands alone") % {"kind": _WORDS.get(trigger.kind, trigger.kind)},
            )
    if element.needs_all:
        yield from _check_all(diagram, element)


def check_names(diagram: Diagram) -> Iterator[Problem]:
    """What is thrown or waited for has the name, code or condition by which it is known."""
    for element in diagram.elements.values():
        for trigger in element.triggers:
            if trigger.kind in _NEEDS_NAME and not trigger.name:
                yield Problem(element.id, str(_NEEDS_NAME[trigger.kind]))
            if trigger.kind in {"error", "escalation"} and element.throws and not trigger.name:
                yield Problem(element.id, _("The %(kind)s has no code") % {"kind": trigger.kind})
            if trigger.kind == "conditional":
                yield from check_expression(element.id, trigger.expression, what=_("condition"))


def _allowed(diagram: Diagram, element: Element) -> set[str] | None:
    if diagram.begins(element):
        return _OUTER_STARTS if element.kind == "startEvent" else _OUTER_STARTS - {""}
    if element.kind != "startEvent":
        return _TRIGGERS.get(element.kind)
    owner = diagram.elements[element.parent]
    if not owner.is_event_subprocess:
        return {""}
    return _EVENT_STARTS | {"compensate"} if owner.parent in diagram.elements else _EVENT_STARTS


def _refusal(place: str, kind: str) -> str:
    if (place, kind) in _WHY:
        return str(_WHY[place, kind])
    if not kind:
        return str(_NOTHING.get(place, _("The event waits for nothing")))
    words = {"kind": _WORDS.get(kind, kind)}
    if kind[0] in "aeo":
        return _("An %(kind)s event is not supported here") % words
    return _("A %(kind)s event is not supported here") % words
