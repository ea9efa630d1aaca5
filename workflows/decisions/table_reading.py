"""A `decisionTable` element to a DecisionTable that can run.

Reference  DMN 1.5 §8.3 (metamodel), XML schema tDecisionTable
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from xml.etree.ElementTree import Element

from django.utils.translation import gettext as _

from workflows.decisions.compiling import Compiler, Place
from workflows.decisions.elements import child, children, expression_text, text_of_child
from workflows.decisions.feel.frames import Code
from workflows.decisions.feel.names import Names
from workflows.decisions.hits import HitPolicy, hit_policy_of
from workflows.decisions.item_types import Types
from workflows.decisions.tables import CompiledRule, CompiledTable, DecisionTable, Input, Output, Rule

MOST_RULES = 5_000
MOST_COLUMNS = 200


class TableReader:
    """Reads one table, in a scope of names, at a place."""

    def __init__(self, compiler: Compiler, types: Types, names: Names, place: Place) -> None:
        self.compiler = compiler
        self.types = types
        self.names = names
        self.place = place

    def read(self, element: Element, name: str) -> DecisionTable:
        inputs = tuple(map(_input, children(element, "input")))
        outputs = tuple(map(_output, children(element, "output")))
        rules = tuple(_rule(one, index) for index, one in enumerate(children(element, "rule"), start=1))
        policy = self._policy(element, outputs)
        if not outputs:
            self.compiler.problem(self.place, _("The table has no output column."))
        if len(rules) > MOST_RULES or len(inputs) + len(outputs) > MOST_COLUMNS:
            self.compiler.problem(
                self.place,
                _("A table has at most %(rows)s rows and %(columns)s columns.")
                % {"rows": MOST_RULES, "columns": MOST_COLUMNS},
            )
            rules = ()
        return DecisionTable(
            id=element.get("id", ""),
            name=name,
            hit_policy=policy,
            inputs=inputs,
            outputs=outputs,
            rules=rules,
            annotations=tuple(one.get("name", "") for one in children(element, "annotation")),
            compiled=self._compiled(inputs, outputs, rules),
        )

    def _policy(self, element: Element, outputs: Sequence[Output]) -> HitPolicy:
        policy = hit_policy_of(element.get("hitPolicy", ""), element.get("aggregation", ""))
        if policy is None:
            self.compiler.problem(self.place, _("There is no such hit policy."))
            return HitPolicy.UNIQUE
        if policy.ranks_outputs and not any(output.values for output in outputs):
            self.compiler.problem(
                self.place,
                _("This hit policy ranks outputs: list the output values, the most important first."),
            )
        if policy.aggregates and len(outputs) > 1:
            self.compiler.problem(
                self.place, _("A hit policy that aggregates needs a table of one output column.")
            )
        return policy

    def _compiled(
        self, inputs: Sequence[Input], outputs: Sequence[Output], rules: Sequence[Rule]
    ) -> CompiledTable:
        return CompiledTable(
            inputs=tuple(self._asked(column, one) for column, one in enumerate(inputs)),
            allowed=tuple(self._allowed(column, one) for column, one in enumerate(inputs)),
            rules=tuple(self._compiled_rule(rule, inputs, outputs) for rule in rules),
            defaults=tuple(self._default(len(inputs) + column, one) for column, one in enumerate(outputs)),
            priorities=tuple(self._ranking(len(inputs) + column, one) for column, one in enumerate(outputs)),
        )

    def _heading(self, column: int, label: str, part: str) -> Place:
        return self.place.at(f"{part} of column {label}", column=column)

    def _asked(self, column: int, one: Input) -> Code:
        place = self._heading(column, one.label, "expression")
        return self.compiler.expression(one.expression, self.names, place)

    def _allowed(self, column: int, one: Input) -> Code | None:
        if not one.values:
            return None
        place = self._heading(column, one.label, "allowed values")
        return self.compiler.tests(one.values, self.names, place)

    def _default(self, column: int, one: Output) -> Code | None:
        if not one.default:
            return None
        return self.compiler.expression(one.default, self.names, self._heading(column, one.label, "default"))

    def _ranking(self, column: int, one: Output) -> Code | None:
        if not one.values:
            return None
        place = self._heading(column, one.label, "output values")
        return self.compiler.expression(f"[{one.values}]", self.names, place)

    def _compiled_rule(self, rule: Rule, inputs: Sequence[Input], outputs: Sequence[Output]) -> CompiledRule:
        row = self.place.at(f"row {rule.index}", row=rule.index, element_id=rule.id)
        if len(rule.inputs) > len(inputs) or len(rule.outputs) > len(outputs):
            self.compiler.problem(row, _("The row has more cells than the table has columns."))
        tests = [
            self.compiler.tests(
                text, self.names, self._cell(rule, column, one.label), self._kind(one.type_ref)
            )
            for column, (one, text) in enumerate(
                zip_longest(inputs, rule.inputs[: len(inputs)], fillvalue="")
            )
            if isinstance(one, Input)
        ]
        results = [
            self.compiler.output(
                text, self.names, self._cell(rule, len(inputs) + column, one.label), self._kind(one.type_ref)
            )
            for column, (one, text) in enumerate(
                zip_longest(outputs, rule.outputs[: len(outputs)], fillvalue="")
            )
            if isinstance(one, Output)
        ]
        return CompiledRule(tuple(tests), tuple(results))

    def _cell(self, rule: Rule, column: int, label: str) -> Place:
        return self.place.at(
            f"row {rule.index}, column {label}", row=rule.index, column=column, element_id=rule.id
        )

    def _kind(self, type_ref: str) -> str:
        return self.types.base_of(type_ref) if type_ref else ""


def _input(element: Element) -> Input:
    asked = child(element, "inputExpression")
    expression = expression_text(asked)
    return Input(
        id=element.get("id", ""),
        label=element.get("label") or expression,
        expression=expression,
        type_ref=asked.get("typeRef", "") if asked is not None else "",
        values=expression_text(child(element, "inputValues")),
    )


def _output(element: Element) -> Output:
    name = element.get("name", "")
    return Output(
        id=element.get("id", ""),
        name=name,
        label=element.get("label") or name or "output",
        type_ref=element.get("typeRef", ""),
        values=expression_text(child(element, "outputValues")),
        default=expression_text(child(element, "defaultOutputEntry")),
    )


def _rule(element: Element, index: int) -> Rule:
    annotations = tuple(text_of_child(one, "text") for one in children(element, "annotationEntry"))
    described = text_of_child(element, "description")
    return Rule(
        index=index,
        id=element.get("id", ""),
        inputs=tuple(expression_text(one) for one in children(element, "inputEntry")),
        outputs=tuple(expression_text(one) for one in children(element, "outputEntry")),
        annotations=annotations or ((described,) if described else ()),
    )
