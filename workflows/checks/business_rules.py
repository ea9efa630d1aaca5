"""Business rule tasks: a decision of the bundle that can be made.

Reference  BPMN 2.0.2 §10.3.3 (Business Rule Task)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from django.utils.translation import gettext as _

from common.errors import ServiceError
from workflows.checks.problems import Problem, check_expression
from workflows.decisions.bundled import NoDecision, find_decision, refusal_of
from workflows.diagram import Diagram


def check_business_rules(diagram: Diagram, files: Mapping[str, str]) -> Iterator[Problem]:
    for element in diagram.elements.values():
        if element.kind != "businessRuleTask":
            continue
        try:
            find_decision(files, task_id=element.id, name=element.extension("decision", "name"))
        except NoDecision as error:
            yield Problem(element.id, str(error))
        except ServiceError as error:
            yield Problem(
                element.id,
                _("A .dmn file of the bundle is refused: %(refusal_of)s") % {"refusal_of": refusal_of(error)},
            )
        result = element.extension("decision", "result") or element.id
        if not result.isidentifier():
            yield Problem(
                element.id, _("The decision's result is no variable: %(result)s") % {"result": result}
            )
        for name, text in element.arguments.items():
            yield from check_expression(element.id, text, what=_("argument %(name)s") % {"name": name})
