"""Expressions and cells to closures, with every problem kept at its place instead of ending at the first.

Reference  DMN 1.5 §7.3, §8.3
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches

from django.utils.translation import gettext as _

from workflows.decisions.feel.compiler import compile_node, compile_tests
from workflows.decisions.feel.errors import ExpressionError
from workflows.decisions.feel.frames import Code
from workflows.decisions.feel.functions import BUILTINS
from workflows.decisions.feel.grammar import parse_expression, parse_tests
from workflows.decisions.feel.lexer import Token
from workflows.decisions.feel.names import Names
from workflows.decisions.feel.nodes import CompareTest, Literal, Node, NotTest, RangeLiteral, Test, ValueTest
from workflows.decisions.feel.reader import Vocabulary
from workflows.decisions.feel.temporal import PROPERTY_NAMES
from workflows.decisions.feel.values import kind_of
from workflows.decisions.problems import Problem

LITERAL_KINDS = frozenset({"number", "string", "boolean"})


@dataclass(frozen=True, slots=True)
class Place:
    """Where an expression stands, for people and for pages."""

    where: str
    element_id: str = ""
    table: str = ""
    row: int | None = None
    column: int | None = None

    def at(
        self, where: str, *, row: int | None = None, column: int | None = None, element_id: str = ""
    ) -> Place:
        """A place within this one."""
        joined = f"{self.where}, {where}" if self.where else where
        return replace(self, where=joined, row=row, column=column, element_id=element_id or self.element_id)


class Compiler:
    """Compiles a model's texts. With `facts`, a name that is neither declared nor a fact is a problem."""

    def __init__(self, *, members: Iterable[str], facts: frozenset[str] | None) -> None:
        self.problems: list[Problem] = []
        self.facts = facts
        inner = {part.strip() for fact in facts or () for part in fact.split(".")[1:]}
        self.members = Names({*PROPERTY_NAMES, *members, *inner})
        outer = {fact.split(".")[0].strip() for fact in facts or ()}
        self.known = Names({*BUILTINS, *outer})

    def names(self, names: Iterable[str]) -> Names:
        return self.known.within(names)

    def expression(self, text: str, names: Names, place: Place) -> Code:
        """The closure of an expression, of null where there is a problem with it."""
        try:
            node, unknown = parse_expression(text, Vocabulary(names, self.members))
            code = compile_node(node)
        except ExpressionError as error:
            self.problem(place, error.message)
            return _null
        self._check_names(unknown, names, place)
        return code

    def output(self, text: str, names: Names, place: Place, kind: str) -> Code:
        """An output cell; an empty one is null."""
        if text.strip() in {"", "-"}:
            return _null
        try:
            node, _unknown = parse_expression(text, Vocabulary(names, self.members))
        except ExpressionError:
            return self.expression(text, names, place)
        self._check_kind([node], kind, place)
        return self.expression(text, names, place)

    def tests(self, text: str, names: Names, place: Place, kind: str = "") -> Code:
        """An input cell: whether `?` passes."""
        try:
            tests, unknown = parse_tests(text, Vocabulary(names, self.members))
            code = compile_tests(tests)
        except ExpressionError as error:
            self.problem(place, error.message)
            return _null
        self._check_kind(list(_literals(tests)), kind, place)
        self._check_names(unknown, names, place)
        return code

    def problem(self, place: Place, message: str) -> None:
        self.problems.append(
            Problem(place.where, message, place.element_id, place.table, place.row, place.column)
        )

    def _check_names(self, unknown: Sequence[Token], names: Names, place: Place) -> None:
        if self.facts is None or not unknown:
            return
        name = unknown[0].text
        near = get_close_matches(name, set(names) - BUILTINS.keys(), n=1, cutoff=0.7)
        if near:
            told = _("There is no value named “%(name)s”. Did you mean “%(near)s”?")
        else:
            told = _('There is no value named “%(name)s”. A text stands in quotation marks: "%(name)s".')
        self.problem(place, told % {"name": name, "near": "".join(near)})

    def _check_kind(self, operands: Sequence[Node], kind: str, place: Place) -> None:
        """A literal that can never equal a value of the column's type is a slip of the author."""
        if kind not in LITERAL_KINDS:
            return
        for operand in operands:
            found = kind_of(operand.value) if isinstance(operand, Literal) else ""
            if found in LITERAL_KINDS - {kind}:
                self.problem(
                    place,
                    _("The column holds a %(kind)s, and this is a %(found)s.")
                    % {"kind": kind, "found": found},
                )
                return


def _null(_frame: object) -> None:
    return None


def _literals(tests: Iterable[Test]) -> Iterable[Node]:
    for test in tests:
        match test:
            case NotTest(inner):
                yield from _literals(inner)
            case CompareTest(_, operand) | ValueTest(operand):
                if isinstance(operand, RangeLiteral):
                    yield from (end for end in (operand.start, operand.end) if end is not None)
                else:
                    yield operand
