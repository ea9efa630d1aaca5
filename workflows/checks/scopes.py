"""Subprocesses begun by events, transactions, and who hears what is thrown inside them.

Reference  BPMN 2.0.2 §10.3.5, §10.3.6, §13.5.3
"""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _

from workflows.checks.boundaries import SUBPROCESSES
from workflows.checks.problems import Problem
from workflows.diagram import Diagram, Element


def check_scopes(diagram: Diagram) -> Iterator[Problem]:
    for element in diagram.elements.values():
        is_open = element.kind in SUBPROCESSES and element.id not in diagram.unmarked_scopes
        if is_open and not _inside(diagram, element, "endEvent"):
            yield Problem(element.id, _("A subprocess has an end event"))
        if element.is_event_subprocess:
            yield from _check_event_subprocess(diagram, element)
        if element.throws and element.trigger("cancel") is not None:
            yield from _check_cancel(diagram, element)
        if element.throws and (trigger := element.trigger("escalation")) is not None:
            yield from _check_escalation(diagram, element, trigger.name)


def _check_event_subprocess(diagram: Diagram, element: Element) -> Iterator[Problem]:
    if element.kind != "subProcess":
        yield Problem(element.id, _("Only a plain subprocess is begun by an event"))
    if element.loop is not None:
        yield Problem(element.id, _("An event subprocess is begun by its event, and has no loop marker"))
    if diagram.incoming(element.id) or diagram.outgoing(element.id):
        yield Problem(element.id, _("An event subprocess is begun by its event; no flow leads there or away"))
    for start in _inside(diagram, element, "startEvent"):
        if start.trigger("error") is not None and not start.is_interrupting:
            yield Problem(start.id, _("An error event always interrupts"))


def _check_cancel(diagram: Diagram, element: Element) -> Iterator[Problem]:
    owner = diagram.elements.get(element.parent)
    if owner is None or owner.kind != "transaction":
        yield Problem(element.id, _("A cancel end event stands directly in a transaction"))
    elif not any(
        each.trigger("cancel") for each in diagram.elements.values() if each.attached_to == owner.id
    ):
        yield Problem(owner.id, _("A transaction that can be cancelled is left by a cancel boundary event"))


def _check_escalation(diagram: Diagram, element: Element, code: str) -> Iterator[Problem]:
    """Nobody would hear it: the standard then drops it, and here nothing is dropped in silence.

    Who calls the process may hear it; a process that waits for news at its start is called by nobody.
    """
    inner: Element | None = element
    while inner is not None:
        for each in diagram.elements.values():
            heard = [] if each.throws else [trigger.name for trigger in each.triggers_of("escalation")]
            if {"", code} & set(heard) and _hears(diagram, each, inner):
                return
        inner = diagram.elements.get(inner.parent)
    if diagram.start is not None and not diagram.start.triggers:
        return
    yield Problem(element.id, _("Nothing around it catches the escalation %(code)s") % {"code": code})


def _hears(diagram: Diagram, catcher: Element, inner: Element) -> bool:
    """Whether a catch is attached to an activity, or begins an event subprocess beside it."""
    if catcher.kind == "boundaryEvent":
        return catcher.attached_to == inner.id
    begun = diagram.elements.get(catcher.parent)
    return begun is not None and begun.parent == inner.parent and begun.id != inner.id


def _inside(diagram: Diagram, element: Element, kind: str) -> list[Element]:
    return [each for each in diagram.elements.values() if each.parent == element.id and each.kind == kind]
