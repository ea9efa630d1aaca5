"""A decision model that can be asked: decisions, what each requires, and the outcome of one.

Nothing here changes once it is made, so one model serves all threads.

Reference  DMN 1.5 §6 (requirements), §10.4 (execution semantics of decisions)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from common.errors import InvalidInput, NotFound
from workflows.decisions.feel.frames import INPUT, Code, Frame
from workflows.decisions.feel.functions import BUILTINS
from workflows.decisions.feel.values import Function, Value, from_python, weigh
from workflows.decisions.item_types import Types
from workflows.decisions.limits import DecisionTooCostly, Limits, Run
from workflows.decisions.tables import DecisionTable, MatchedRow

DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class InputData:
    id: str
    name: str
    type_ref: str = ""


@dataclass(frozen=True, slots=True)
class Requirements:
    """Ids of what a decision or a business knowledge model may use."""

    inputs: tuple[str, ...] = ()
    decisions: tuple[str, ...] = ()
    knowledge: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """`table` is there where the decision is one table."""

    id: str
    name: str
    type_ref: str
    requires: Requirements
    code: Code = field(repr=False, compare=False)
    table: DecisionTable | None = None


@dataclass(frozen=True, slots=True)
class KnowledgeModel:
    """A business knowledge model: a function that decisions may invoke."""

    id: str
    name: str
    requires: Requirements
    code: Code = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was decided and why.

    `matched` are the rows of the decision's own table, `consulted` those of every table asked on the way,
    by its name. `errors` say why parts came out as null; they hold no values.
    """

    value: Value
    table: str
    matched: tuple[MatchedRow, ...]
    errors: tuple[str, ...] = ()
    consulted: Mapping[str, tuple[MatchedRow, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DecisionModel:
    """A file of decisions, compiled. `facts` are the names a caller's context may hold undeclared."""

    id: str
    name: str
    inputs: Mapping[str, InputData]
    decisions: Mapping[str, Decision]
    knowledge: Mapping[str, KnowledgeModel]
    types: Types = field(repr=False, compare=False)
    facts: frozenset[str] = frozenset()

    @property
    def tables(self) -> Mapping[str, DecisionTable]:
        """The decisions that are tables, by name, as the file has them."""
        return {one.name: one.table for one in self.decisions.values() if one.table is not None}

    def decision(self, name: str) -> Decision:
        """A decision by its name or id.

        Raises  NotFound if there is none.
        """
        found = self.decisions.get(name) or next(
            (one for one in self.decisions.values() if one.name == name), None
        )
        if found is None:
            raise NotFound(
                _("The model has no decision “%(name)s”.") % {"name": name}, code="DECISION_UNKNOWN"
            )
        return found

    def decide(self, name: str, context: Mapping[str, Any], *, limits: Limits = DEFAULT_LIMITS) -> Outcome:
        """Make one decision.

        Raises  NotFound if there is no such decision; DecisionTooCostly if it exceeds its limits.
        """
        decision = self.decision(name)
        run = Run(limits)
        try:
            value = _Evaluation(self, context, run).decision(decision.id)
            weigh(value)
        except RecursionError as error:
            raise DecisionTooCostly(_("The decision is nested too deeply.")) from error
        consulted = {table.name: matched for table, matched in run.trace}
        own = [matched for table, matched in run.trace if table is decision.table]
        return Outcome(value, decision.name, own[-1] if own else (), tuple(run.errors), consulted)


class _Evaluation:
    """One run through the requirements of a decision, each decided once."""

    def __init__(self, model: DecisionModel, context: Mapping[str, Any], run: Run) -> None:
        self.model = model
        self.run = run
        try:
            given = {str(name): from_python(value) for name, value in context.items()}
        except ValueError as error:
            raise InvalidInput(
                _("A fact cannot be decided upon: %(error)s.") % {"error": error}, code="DECISION_FACTS"
            ) from error
        declared = {one.name for one in model.inputs.values()} | {
            one.name for one in model.decisions.values()
        }
        self.given = given
        ambient = {name: value for name, value in given.items() if name not in declared}
        missing = {fact.split(".")[0]: None for fact in model.facts if fact.split(".")[0] not in declared}
        self.root = Frame(BUILTINS, run).within({**missing, **ambient})
        self.results: dict[str, Value] = {}

    def decision(self, decision_id: str) -> Value:
        if decision_id not in self.results:
            decision = self.model.decisions[decision_id]
            value = decision.code(self.scope(decision.requires))
            self.results[decision_id] = self.typed(value, decision.type_ref, decision.name)
        return self.results[decision_id]

    def scope(self, requires: Requirements) -> Frame:
        values: dict[str, Value] = {}
        for knowledge in requires.knowledge:
            values[self.model.knowledge[knowledge].name] = self.function(knowledge)
        for one in requires.inputs:
            data = self.model.inputs[one]
            values[data.name] = self.typed(self.given.get(data.name), data.type_ref, data.name)
        for required in requires.decisions:
            values[self.model.decisions[required].name] = self.decision(required)
        return self.root.within(values)

    def function(self, knowledge_id: str) -> Function | None:
        knowledge = self.model.knowledge[knowledge_id]
        value = knowledge.code(self.scope(knowledge.requires))
        if not isinstance(value, Function):
            return None
        return Function(knowledge.name, value.parameters, value.invoke, value.required)

    def typed(self, value: Value, type_ref: str, name: str) -> Value:
        try:
            return self.model.types.convert(value, type_ref, self.passes)
        except ValueError as error:
            return self.run.fail(
                _("“%(name)s” is not of its type: %(error)s.") % {"name": name, "error": error}
            )

    def passes(self, allowed: Code, value: Value) -> bool:
        return allowed(self.root.within({INPUT: value})) is True
