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
_WORDS = {"compensate": "compensation"}
_WHY = {
    (
        "startEvent",
        "conditional",
    ): gettext_lazy("A process is not begun by a condition; begin it by a message, a signal or a timer"),
    (
        "startEvent",
        "compensate",
    ): gettext_lazy("A compensation event subprocess is not supported; give the activity a handler"),
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
            yield Problem(element.id, _("An event with several triggers is not supported"))
        for kind in [trigger.kind for trigger in element.triggers] or [""]:
            if kind not in allowed:
                yield Problem(element.id, _refusal(element, kind))


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
    if element.kind != "startEvent":
        return _TRIGGERS.get(element.kind)
    owner = diagram.elements.get(element.parent)
    if owner is None:
        return _OUTER_STARTS
    return _EVENT_STARTS if owner.is_event_subprocess else {""}


def _refusal(element: Element, kind: str) -> str:
    if (element.kind, kind) in _WHY:
        return str(_WHY[element.kind, kind])
    if not kind:
        return str(_NOTHING.get(element.kind, _("The event waits for nothing")))
    words = {"kind": _WORDS.get(kind, kind)}
    if kind[0] in "aeo":
        return _("An %(kind)s event is not supported here") % words
    return _("A %(kind)s event is not supported here") % words
