"""Boundary events: what may happen to which activity.

Reference  BPMN 2.0.2 §10.5.4 (Intermediate events attached to an activity boundary)
"""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from workflows.checks.problems import Problem
from workflows.diagram import Diagram, Element

ACTIVITIES = frozenset({
    "task", "userTask", "manualTask", "serviceTask", "scriptTask", "businessRuleTask", "sendTask", "receiveTask",
    "callActivity", "subProcess", "transaction",
})  # fmt: skip
SUBPROCESSES = frozenset({"subProcess", "transaction"})
_THROWS_NO_ERROR = {
    "userTask": gettext_lazy("A user task throws no error"),
    "manualTask": gettext_lazy("A manual task throws no error"),
    "receiveTask": gettext_lazy("A receive task throws no error"),
    "sendTask": gettext_lazy("A send task throws no error"),
    "task": gettext_lazy("An abstract task throws no error"),
}


def check_boundaries(diagram: Diagram) -> Iterator[Problem]:
    for element in diagram.elements.values():
        if element.kind != "boundaryEvent":
            continue
        host = diagram.elements.get(element.attached_to)
        if host is None or host.kind not in ACTIVITIES or host.is_event_subprocess:
            yield Problem(
                element.id, _("A boundary event is attached to a task, a call activity or a subprocess")
            )
        elif host.parent != element.parent:
            yield Problem(element.id, _("A boundary event stands in the scope of its activity"))
        else:
            for kind in sorted({each.kind for each in element.triggers}):
                yield from _check_on(element, kind, host)


def _check_on(element: Element, kind: str, host: Element) -> Iterator[Problem]:
    if kind == "error" and host.kind in _THROWS_NO_ERROR:
        yield Problem(element.id, str(_THROWS_NO_ERROR[host.kind]))
    if kind == "escalation" and host.kind not in SUBPROCESSES | {"callActivity"}:
        yield Problem(element.id, _("Only a subprocess or a called process escalates"))
    if kind == "cancel" and host.kind != "transaction":
        yield Problem(element.id, _("Only a transaction is cancelled"))
    if kind in {"error", "cancel"} and not element.is_interrupting:
        sentences = {
            "error": _("An error event always interrupts"),
            "cancel": _("A cancel event always interrupts"),
        }
        yield Problem(element.id, sentences[kind])
