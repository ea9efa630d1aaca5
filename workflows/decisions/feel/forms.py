"""The expressions that begin with a word or a bracket: if, for, some, every, function, lists, contexts, ranges.

Reference  DMN 1.5 §10.3.1.2 grammar rules 7, 8, 44 to 66
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack

from django.utils.translation import gettext as _

from workflows.decisions.feel import nodes
from workflows.decisions.feel.errors import ExpressionError, FeelError
from workflows.decisions.feel.lexer import Kind, unescape
from workflows.decisions.feel.nodes import Node
from workflows.decisions.feel.reader import (
    ITERATOR_NAME,
    KEY,
    PARAMETER_NAME,
    TYPE_NAME,
    TokenReader,
    tidy,
)
from workflows.decisions.feel.temporal import parse_temporal

COMPARISONS = frozenset({"=", "!=", "<", "<=", ">", ">="})
LITERALS = {"true": True, "false": False, "null": None}


class Forms(TokenReader):
    """Rules for what an operand can be."""

    def expression(self, strength: int = 0) -> Node:
        raise NotImplementedError

    def operand(self) -> Node:
        token = self.token
        if token.kind in {Kind.NUMBER, Kind.STRING}:
            self.advance()
            return nodes.Literal(token.value)
        if token.kind is Kind.NAME:
            return self._name()
        form = FORMS.get(token.text) if token.kind in {Kind.KEYWORD, Kind.OPERATOR} else None
        if form is None:
            raise self.unexpected(_("a value"))
        return form(self)

    def _name(self) -> Node:
        token = self.advance()
        if not token.known:
            self.note_unknown(token)
        return nodes.Name(token.text)

    def read_literal(self) -> Node:
        return nodes.Literal(LITERALS[self.advance().text])

    def read_input_value(self) -> Node:
        self.advance()
        self.asks = True
        return nodes.InputValue()

    def read_temporal(self) -> Node:
        self.advance()
        token = self.token
        if token.kind is not Kind.STRING:
            raise self.unexpected(_("a text"))
        self.advance()
        try:
            return nodes.Literal(parse_temporal(str(token.value)))
        except FeelError as error:
            raise ExpressionError(f"{error}.", token.start) from error

    def read_if(self) -> Node:
        self.advance()
        condition = self.expression()
        self.expect("then")
        then = self.expression()
        self.expect("else")
        return nodes.If(condition, then, self.expression())

    def read_for(self) -> Node:
        self.advance()
        with ExitStack() as scopes:
            iterators = self._iterators(scopes)
            self.expect("return")
            scopes.enter_context(self.declared(["partial"]))
            return nodes.For(iterators, self.expression())

    def read_quantified(self) -> Node:
        is_universal = self.advance().text == "every"
        with ExitStack() as scopes:
            iterators = self._iterators(scopes)
            self.expect("satisfies")
            return nodes.Quantified(is_universal, iterators, self.expression())

    def _iterators(self, scopes: ExitStack) -> tuple[nodes.Iterator, ...]:
        found = []
        while True:
            name = tidy(self.read(ITERATOR_NAME, _("a name and “in”")).group(1))
            source = self.expression()
            end = self.expression() if self.accept("..") else None
            found.append(nodes.Iterator(name, source, end))
            scopes.enter_context(self.declared([name]))
            if not self.accept(","):
                return tuple(found)

    def read_function(self) -> Node:
        self.advance()
        self.expect("(")
        parameters: list[str] = []
        while not self.at(")"):
            if parameters:
                self.expect(",")
            parameters.append(tidy(self.read(PARAMETER_NAME, _("a parameter's name")).group(1)))
            if self.accept(":"):
                self.read(TYPE_NAME, _("a type"))
        self.expect(")")
        if self.at("external"):
            raise ExpressionError(_("Functions written outside FEEL are not run here."), self.token.start)
        with self.declared(parameters):
            return nodes.FunctionLiteral(tuple(parameters), self.expression())

    def read_context(self) -> Node:
        self.advance()
        entries: list[tuple[str, Node]] = []
        with ExitStack() as scopes:
            while not self.at("}"):
                if entries:
                    self.expect(",")
                key = self.read(KEY, _("a name and “:”"))
                name = tidy(key.group(1)) if key.group(1) else unescape(key.group(2) or "")
                entries.append((name, self.expression()))
                if not name.isidentifier():
                    self.members = self.members.within([name])
                scopes.enter_context(self.declared([name]))
        self.expect("}")
        return nodes.ContextLiteral(tuple(entries))

    def read_list_or_range(self) -> Node:
        self.advance()
        if self.accept("]"):
            return nodes.ListLiteral(())
        items = [self.expression()]
        if self.at(".."):
            return self.range_from(items[0], start_included=True)
        while self.accept(","):
            items.append(self.expression())
        self.expect("]")
        return nodes.ListLiteral(tuple(items))

    def read_group_or_range(self) -> Node:
        self.advance()
        if self.at(*COMPARISONS):
            return self._open_range()
        inner = self.expression()
        if self.at(".."):
            return self.range_from(inner, start_included=False)
        self.expect(")")
        return inner

    def read_reversed_range(self) -> Node:
        self.advance()
        return self.range_from(self.expression(), start_included=False)

    def range_from(self, start: Node, *, start_included: bool) -> Node:
        """The rest of a range whose start was read."""
        self.expect("..")
        outer, self.ends_range = self.ends_range, True
        end = self.expression()
        self.ends_range = outer
        if not self.at("]", ")", "["):
            raise self.unexpected(_("“]” or “)”"))
        end_included = self.advance().text == "]"
        return nodes.RangeLiteral(start, end, start_included, end_included)

    def _open_range(self) -> Node:
        operator = self.advance().text
        bound = self.expression()
        self.expect(")")
        return open_range(operator, bound)


def open_range(operator: str, bound: Node) -> Node:
    """The range of all values that stand in a relation to a bound."""
    included = operator in {"<=", ">=", "="}
    if operator == "=":
        return nodes.RangeLiteral(bound, bound, start_included=True, end_included=True)
    if operator in {"<", "<="}:
        return nodes.RangeLiteral(None, bound, start_included=False, end_included=included)
    if operator in {">", ">="}:
        return nodes.RangeLiteral(bound, None, start_included=included, end_included=False)
    raise ExpressionError(_("“!=” is no range."))


FORMS: Mapping[str, Callable[[Forms], Node]] = {
    "true": Forms.read_literal,
    "false": Forms.read_literal,
    "null": Forms.read_literal,
    "?": Forms.read_input_value,
    "@": Forms.read_temporal,
    "if": Forms.read_if,
    "for": Forms.read_for,
    "some": Forms.read_quantified,
    "every": Forms.read_quantified,
    "function": Forms.read_function,
    "{": Forms.read_context,
    "[": Forms.read_list_or_range,
    "]": Forms.read_reversed_range,
    "(": Forms.read_group_or_range,
}
