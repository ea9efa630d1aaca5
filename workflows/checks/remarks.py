"""What a designer should know of a process that runs: what is drawn in it, and does nothing.

Reference  BPMN 2.0.2 §10.4.1 (Data Store)
"""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _

from workflows.checks.problems import Problem
from workflows.diagram import Diagram


def remarks_of(diagram: Diagram) -> Iterator[Problem]:
    """Data associations that lead to or from a data store and say no more: they tell readers, and move nothing."""
    for element in diagram.elements.values():
        for link in (*element.reads, *element.writes):
            if link.is_only_drawn:
                yield Problem(
                    element.id,
                    _("Is drawn only: no data go to or from the data store %(store)s by themselves")
                    % {"store": " ".join(link.store.split())},
                )
