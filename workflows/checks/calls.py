"""Call activities: which process, with what. Whether there is such a process is asked when it is deployed.

Reference  BPMN 2.0.2 §10.3.6
"""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _

from workflows.checks.problems import Problem, check_expression
from workflows.diagram import Diagram
from workflows.engine import CALL_OPERATOR


def check_calls(diagram: Diagram) -> Iterator[Problem]:
    for element in diagram.elements.values():
        if element.kind == "serviceTask" and element.extension("operator", "name") == CALL_OPERATOR:
            yield Problem(element.id, _("A process is called by a call activity, not by a service task"))
        if element.kind != "callActivity":
            continue
        if not element.called:
            yield Problem(element.id, _("The call activity names no process (calledElement)"))
        result = element.extension("call", "result")
        if result and not result.isidentifier():
            yield Problem(element.id, _("The call's result is no variable: %(result)s") % {"result": result})
        for name, text in element.arguments.items():
            yield from check_expression(element.id, text, what=_("argument %(name)s") % {"name": name})
