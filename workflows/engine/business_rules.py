"""Business rule tasks: a decision of the bundle, made when the task is reached.

Reference  BPMN 2.0.2 §10.3.3, §13.3.3
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from SpiffWorkflow.bpmn.parser.ValidationException import ValidationException

from common.errors import ServiceError
from workflows import expressions
from workflows.decisions.bundled import BundledDecision, NoDecision, find_decision, refusal_of
from workflows.decisions.expressions import as_json
from workflows.engine.activities import ActivityParser
from workflows.engine.computed import ComputationError, ComputedTask


class BusinessRuleTask(ComputedTask):
    """`arguments` are the decision's inputs, by name, as expressions; without any it sees the process data."""

    def __init__(
        self,
        wf_spec: Any,
        bpmn_id: str,
        *,
        decision: BundledDecision,
        arguments: Mapping[str, str],
        into: str,
        **options: Any,
    ) -> None:
        super().__init__(wf_spec, bpmn_id, **options)
        self.decision = decision
        self.arguments = arguments
        self.into = into

    def compute(self, names: Mapping[str, Any]) -> Mapping[str, Any]:
        asked = {name: expressions.evaluate(text, names) for name, text in self.arguments.items()}
        try:
            outcome = self.decision.model.decide(self.decision.decision_id, asked or names)
            answer = as_json(outcome.value)
        except ServiceError as error:
            raise ComputationError(error.code, str(error)) from error
        if answer is None and outcome.errors:
            raise ComputationError("DECISION_FAILED", outcome.errors[0])
        return {self.into: answer}


class BusinessRuleTaskParser(ActivityParser):
    """Reads a business rule task; the answer goes to `result`, or to the task's id."""

    def create_task(self) -> BusinessRuleTask:
        element = self.element
        try:
            decision = find_decision(
                self.process_parser.parser.files,
                task_id=element.id,
                name=element.extension("decision", "name"),
            )
        except NoDecision as error:
            raise ValidationException(str(error)) from error
        except ServiceError as error:
            raise ValidationException(refusal_of(error)) from error
        return BusinessRuleTask(
            self.spec,
            self.bpmn_id,
            decision=decision,
            arguments=element.arguments,
            into=element.extension("decision", "result") or element.id,
            **self.bpmn_attributes,
        )
