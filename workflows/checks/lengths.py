"""How long ids and names may be: their rows hold no more, and a case must not stand still for it.

Reference  BPMN 2.0.2 §8.3.1 (id and name of flow elements)
"""

from __future__ import annotations

from collections.abc import Iterator

from workflows.checks.problems import Problem
from workflows.diagram import Diagram, Element, Lane

LONGEST_NAME = 120
LONGEST_MESSAGE = 80


def check_lengths(diagram: Diagram) -> Iterator[Problem]:
    named: list[Element | Lane] = [*diagram.elements.values(), *diagram.lanes]
    for each in named:
        if len(each.id) > LONGEST_NAME:
            yield Problem(each.id, f"An id has at most {LONGEST_NAME} characters")
        if len(each.name) > LONGEST_NAME:
            yield Problem(each.id, f"A name has at most {LONGEST_NAME} characters")
    for element in diagram.elements.values():
        for trigger in element.triggers:
            if len(trigger.name) > LONGEST_MESSAGE:
                yield Problem(
                    element.id, f"What is thrown or waited for has at most {LONGEST_MESSAGE} characters"
                )
