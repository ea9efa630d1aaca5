"""Where in a diagram an error would be caught, before anything runs.

Reference  BPMN 2.0.2 §10.5.6 (an error goes to the innermost enclosing activity that catches it)
"""

from __future__ import annotations

from collections.abc import Iterator

from workflows.diagram.elements import Diagram, Element


def catches_error(diagram: Diagram, element_id: str, code: str) -> bool:
    """Whether an error thrown at an element would be caught, there or around it."""
    return any(
        trigger.kind == "error" and trigger.name in ("", code)
        for catcher in _catchers(diagram, element_id)
        for trigger in catcher.triggers
    )


def _catchers(diagram: Diagram, element_id: str) -> Iterator[Element]:
    """Boundary events of the element and of each scope around it, and starts of event sub-processes within them."""
    here = diagram.elements.get(element_id)
    while here is not None:
        yield from (each for each in diagram.elements.values() if _is_around(diagram, each, here))
        here = diagram.elements.get(here.parent)


def _is_around(diagram: Diagram, catcher: Element, here: Element) -> bool:
    if catcher.kind == "boundaryEvent":
        return catcher.attached_to == here.id
    scope = diagram.elements.get(catcher.parent)
    if catcher.kind != "startEvent" or scope is None:
        return False
    return scope.parent == here.parent and scope.is_event_subprocess and scope.id != here.id
