"""Messages and signals: who could send what is waited for, and how one is told from another.

Reference  BPMN 2.0.2 §8.4.2 (Correlation), §10.5.5 (Message)
"""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _

from workflows.catalogue import MESSAGES, OUR_OWN
from workflows.checks.problems import Problem, check_expression
from workflows.diagram import Diagram, Element

TAKEN = frozenset({"site_code", "subjects", "thrown"})
"""What every message and signal carries beside its arguments."""


def check_messages(diagram: Diagram) -> Iterator[Problem]:
    """A message comes from the catalogue, or from a process: then `consilium:message` says so at both ends."""
    for element in diagram.elements.values():
        for trigger in element.triggers_of("message"):
            if trigger.name:
                yield from _check_name(element, trigger.name)
        if any(trigger.name for trigger in element.triggers_of("message")):
            yield from _check_correlation(diagram, element)


def check_thrown(diagram: Diagram) -> Iterator[Problem]:
    """What goes out with a message or signal."""
    for element in diagram.elements.values():
        if element.throws and element.triggers and element.triggers[0].kind in {"message", "signal"}:
            for name, text in element.arguments.items():
                yield from check_expression(element.id, text, what=_("argument %(name)s") % {"name": name})
                if name in TAKEN:
                    yield Problem(
                        element.id,
                        _("The argument %(name)s goes with every message by itself") % {"name": name},
                    )


def _check_name(element: Element, name: str) -> Iterator[Problem]:
    if name in OUR_OWN:
        yield Problem(
            element.id,
            _("%(name)s is news of the engine's own; no process takes part in it") % {"name": name},
        )
    elif name not in MESSAGES and not element.throws and not _is_declared(element):
        known = ", ".join(sorted(MESSAGES))
        yield Problem(
            element.id,
            _(
                "No event is called %(name)s; there are: %(known)s. One that a process throws is waited for"
                " with consilium:message"
            )
            % {"name": name, "known": known},
        )


def _is_declared(element: Element) -> bool:
    return "message" in element.extensions or element.correlation is not None


def _check_correlation(diagram: Diagram, element: Element) -> Iterator[Problem]:
    if diagram.begins(element):
        if element.extension("message", "correlate"):
            yield Problem(
                element.id,
                _("A message that begins a process is not correlated; consilium:start has its key"),
            )
        if element.extension("message", "into"):
            yield Problem(
                element.id,
                _("What comes with the message that begins a process is its data, each by its name"),
            )
        return
    if element.correlation is not None and not element.correlating:
        yield Problem(
            element.id, _("The process has no correlation subscription that says which message is waited for")
        )
    for text in element.correlating:
        yield from check_expression(element.id, text, what=_("correlation"))
