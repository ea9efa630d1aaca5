"""Compensation: handlers that can be found and run, and throws that have something to undo.

Reference  BPMN 2.0.2 §10.7
"""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _

from workflows.checks.problems import Problem
from workflows.diagram import Diagram, Element

_HANDLERS = {"userTask", "serviceTask", "scriptTask", "businessRuleTask", "callActivity", "subProcess"}
_MARKERS = {"standardLoopCharacteristics", "multiInstanceLoopCharacteristics"}


def check_compensation(diagram: Diagram) -> Iterator[Problem]:
    for element in diagram.elements.values():
        if element.trigger("compensate") is None:
            continue
        if element.kind == "boundaryEvent":
            yield from _check_boundary(diagram, element)
        elif element.kind == "startEvent":
            yield from _check_start(diagram, element)
        elif element.throws:
            yield from _check_throw(diagram, element)


def check_handlers(diagram: Diagram) -> Iterator[Problem]:
    used = set(diagram.compensation_handlers.values())
    for element in diagram.elements.values():
        if not element.is_compensation_handler:
            continue
        if element.id not in used:
            yield Problem(element.id, _("No compensation event is associated with this handler"))
        if element.kind not in _HANDLERS:
            yield Problem(
                element.id,
                _("A compensation handler is a task that does something, a call activity or a subprocess"),
            )
        if diagram.incoming(element.id) or diagram.outgoing(element.id):
            yield Problem(element.id, _("A compensation handler stands outside every flow"))
        if any(each.attached_to == element.id for each in diagram.elements.values()):
            yield Problem(element.id, _("A boundary event at a compensation handler is not supported"))
        if element.words & _MARKERS:
            yield Problem(element.id, _("A repeated compensation handler is not supported"))


def _check_boundary(diagram: Diagram, element: Element) -> Iterator[Problem]:
    handler = diagram.elements.get(diagram.compensation_handlers.get(element.attached_to, ""))
    if handler is None:
        yield Problem(element.id, _("A compensation event is associated with one handler"))
    elif not handler.is_compensation_handler:
        yield Problem(handler.id, _("A compensation handler is marked isForCompensation"))
    elif handler.parent != element.parent:
        yield Problem(handler.id, _("A compensation handler stands in the scope of its activity"))
    if diagram.outgoing(element.id):
        yield Problem(
            element.id, _("A compensation event leads to its handler by an association, not by a flow")
        )
    others = [
        each.id
        for each in diagram.elements.values()
        if each.attached_to == element.attached_to and each.trigger("compensate") is not None
    ]
    if len(others) > 1:
        yield Problem(element.id, _("An activity has one compensation event"))


def _check_start(diagram: Diagram, element: Element) -> Iterator[Problem]:
    """A subprocess is undone in one way (BPMN 2.0.2 §13.5.5)."""
    handler = diagram.elements.get(element.parent)
    undone = handler.parent if handler is not None else ""
    others = [each.id for each in diagram.undoing_subprocesses if each.parent == undone]
    others += [
        each.id
        for each in diagram.elements.values()
        if each.attached_to == undone and each.trigger("compensate")
    ]
    if len(others) > 1:
        yield Problem(
            element.id, _("A subprocess has one handler: an event subprocess in it, or one beside it")
        )


def _check_throw(diagram: Diagram, element: Element) -> Iterator[Problem]:
    trigger = element.triggers[0]
    reach = _reach(diagram, element)
    undone = [key for key in diagram.compensation_handlers if reach & {key, *_scopes(diagram, key)}]
    if trigger.activity and trigger.activity not in _activities(diagram, reach):
        yield Problem(element.id, _("The activity to be undone is not in its scope"))
    elif not any(trigger.activity in ("", key, *_scopes(diagram, key)) for key in undone):
        yield Problem(element.id, _("There is nothing to undo: no activity here has a compensation handler"))


def _reach(diagram: Diagram, element: Element) -> set[str]:
    """The scopes a throw is about: its own, and around an event subprocess the one that stands in."""
    reach = {element.parent}
    owner = diagram.elements.get(element.parent)
    while owner is not None and owner.is_event_subprocess:
        reach.add(owner.parent)
        owner = diagram.elements.get(owner.parent)
    return reach


def _scopes(diagram: Diagram, key: str) -> list[str]:
    """The scopes an element stands in, from the innermost outwards."""
    found, element = [], diagram.elements.get(key)
    while element is not None:
        found.append(element.parent)
        element = diagram.elements.get(element.parent)
    return found


def _activities(diagram: Diagram, reach: set[str]) -> set[str]:
    return {element.id for element in diagram.elements.values() if reach & set(_scopes(diagram, element.id))}
