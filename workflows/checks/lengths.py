"""How long ids and names may be: their rows hold no more, and a case must not stand still for it.

Reference  BPMN 2.0.2 §8.3.1 (id and name of flow elements)
"""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _

from workflows.checks.problems import Problem
from workflows.diagram import Diagram, Element, Lane

LONGEST_NAME = 120
LONGEST_MESSAGE = 80


def check_lengths(diagram: Diagram) -> Iterator[Problem]:
    named: list[Element | Lane] = [*diagram.elements.values(), *diagram.lanes]
    for each in named:
        if len(each.id) > LONGEST_NAME:
            yield Problem(
                each.id, _("An id has at most %(longest_name)s characters") % {"longest_name": LONGEST_NAME}
            )
        if len(each.name) > LONGEST_NAME:
            yield Problem(
                each.id, _("A name has at most %(longest_name)s characters") % {"longest_name": LONGEST_NAME}
            )
    for element in diagram.elements.values():
        for trigger in element.triggers:
            if len(trigger.name) > LONGEST_MESSAGE:
                yield Problem(
                    element.id,
                    _("What is thrown or waited for has at most %(longest_message)s characters")
                    % {"longest_message": LONGEST_MESSAGE},
                )
