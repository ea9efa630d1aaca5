"""Decision tables: which rules an input matches, and what the hit policy makes of them.

Reference  DMN 1.5 §8.2.8 (rules), §8.2.10 and §8.2.11 (hit policies, aggregation), §10.3.2.7
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from workflows.decisions.feel.frames import INPUT, Code, Frame
from workflows.decisions.feel.values import Value
from workflows.decisions.hits import HitPolicy, Hits, resolve


@dataclass(frozen=True, slots=True)
class Input:
    """A column that asks. `values` are the tests every value must pass, as written."""

    id: str
    label: str
    expression: str
    type_ref: str = ""
    values: str = ""


@dataclass(frozen=True, slots=True)
class Output:
    """A column that answers. `name` is "" in a table of one column."""

    id: str
    name: str
    label: str
    type_ref: str = ""
    values: str = ""
    default: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """A row, as written. `index` counts from 1."""

    index: int
    id: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    annotations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MatchedRow:
    """A rule that matched: its annotations, and the value each input expression had."""

    index: int
    rule_id: str
    annotations: tuple[str, ...]
    inputs: Mapping[str, Value]
    outputs: tuple[Value, ...] = ()


@dataclass(frozen=True, slots=True)
class CompiledRule:
    tests: tuple[Code, ...]
    results: tuple[Code, ...]


@dataclass(frozen=True, slots=True)
class CompiledTable:
    """Closures of a table. `priorities` are each output's values, most important first."""

    inputs: tuple[Code, ...]
    allowed: tuple[Code | None, ...]
    rules: tuple[CompiledRule, ...]
    defaults: tuple[Code | None, ...]
    priorities: tuple[Code | None, ...]


@dataclass(frozen=True, slots=True)
class DecisionTable:
    """A table as its author wrote it, and as it runs."""

    id: str
    name: str
    hit_policy: HitPolicy
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    rules: tuple[Rule, ...]
    annotations: tuple[str, ...] = ()
    compiled: CompiledTable | None = field(default=None, repr=False, compare=False)

    def evaluate(self, frame: Frame) -> tuple[Value, tuple[MatchedRow, ...]]:
        """The table's value and the rules that led to it.

        An input outside a column's values, or too many hits for the policy, make it null; the run's errors
        tell why.
        """
        compiled = self.compiled
        if compiled is None:
            raise RuntimeError("the table was not compiled")
        values = [code(frame) for code in compiled.inputs]
        for column, (value, allowed) in enumerate(zip(values, compiled.allowed, strict=True)):
            if allowed and value is not None and allowed(frame.within({INPUT: value})) is not True:
                name = self.inputs[column].label
                return frame.run.fail(
                    _("The input %(name)s has a value that the table does not allow.") % {"name": name}
                ), ()
        asked = [frame.within({INPUT: value}) for value in values]
        frame.run.spend(len(compiled.rules))
        matched = [index for index, rule in enumerate(compiled.rules) if _matches(rule, asked)]
        return self._answer(frame, compiled, values, matched)

    def _answer(
        self, frame: Frame, compiled: CompiledTable, values: Sequence[Value], matched: Sequence[int]
    ) -> tuple[Value, tuple[MatchedRow, ...]]:
        outputs = [tuple(code(frame) for code in compiled.rules[index].results) for index in matched]
        hits = Hits(
            names=tuple(output.name for output in self.outputs),
            outputs=tuple(outputs),
            defaults=tuple(code(frame) if code else None for code in compiled.defaults),
            has_defaults=any(compiled.defaults),
            priorities=tuple(code(frame) if code else None for code in compiled.priorities),
        )
        value, chosen = resolve(self.hit_policy, hits, frame.run)
        asked = {column.expression: value for column, value in zip(self.inputs, values, strict=True)}
        return value, tuple(
            MatchedRow(
                index=self.rules[matched[hit]].index,
                rule_id=self.rules[matched[hit]].id,
                annotations=self.rules[matched[hit]].annotations,
                inputs=asked,
                outputs=outputs[hit],
            )
            for hit in chosen
        )


def _matches(rule: CompiledRule, asked: Sequence[Frame]) -> bool:
    """Whether every cell accepts its column's value; each frame holds one as `?`."""
    return all(test(frame) is True for test, frame in zip(rule.tests, asked, strict=True))
