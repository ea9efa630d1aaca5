"""FEEL text to nodes: a Pratt parser that asks the lexer for one token after the other.

A name may hold spaces and operators, so what is in scope decides where it ends; a name that an expression
declares itself (a loop's, a function's, a context's) is known inside it only.

Reference  DMN 1.5 §10.3.1.2, §10.3.1.3 (precedence and associativity)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from django.utils.translation import gettext as _

from workflows.decisions.feel import nodes
from workflows.decisions.feel.errors import ExpressionError
from workflows.decisions.feel.forms import COMPARISONS, Forms
from workflows.decisions.feel.lexer import Kind, Token, scan
from workflows.decisions.feel.nodes import Node, Test
from workflows.decisions.feel.reader import ARGUMENT_NAME, TYPE_NAME, Vocabulary, tidy

LONGEST_CHAIN = 100
STRENGTH: Mapping[str, int] = {
    "or": 10,
    "and": 20,
    **dict.fromkeys(COMPARISONS, 30),
    "between": 30,
    "in": 30,
    "+": 40,
    "-": 40,
    "*": 50,
    "/": 50,
    "**": 60,
    "instance": 80,
    ".": 90,
    "[": 90,
    "(": 90,
}
AFTER_A_VALUE = (
    *(set(STRENGTH) - {"-", "[", "("}),
    ")",
    "]",
    "}",
    ",",
    "then",
    "else",
    "return",
    "satisfies",
)
OF_COMPARISON = 31
OF_NEGATION = 70


def parse_expression(text: str, vocabulary: Vocabulary) -> tuple[Node, tuple[Token, ...]]:
    """The node of one expression, and the names in it that are not in scope.

    Raises  ExpressionError if the text is none, or is longer or deeper than an expression may be.
    """
    parser = Parser(text, vocabulary)
    node = parser.expression()
    parser.expect_end()
    return node, tuple(parser.unknown)


def parse_tests(text: str, vocabulary: Vocabulary) -> tuple[tuple[Test, ...], tuple[Token, ...]]:
    """The unary tests of a table's input cell, any of which may hold; an empty cell is `-`.

    Raises  ExpressionError as parse_expression.
    Reference  DMN 1.5 §10.3.1.2 grammar rules 7 to 17
    """
    if text.strip() in {"", "-"}:
        return (nodes.AnyTest(),), ()
    parser = Parser(text, vocabulary)
    tests = parser.tests()
    parser.expect_end()
    return tests, tuple(parser.unknown)


class Parser(Forms):
    """Operators, by their strength, and unary tests."""

    def expression(self, strength: int = 0) -> Node:
        """An expression of operators at least this strong.

        A chain of operators leans to the left and is as deep as it is long, so its length is bounded too.
        """
        with self.nested():
            left = self._negation() if self.at("-") else self.operand()
            for _link in range(LONGEST_CHAIN):
                operator = self.token
                if operator.kind not in {Kind.OPERATOR, Kind.KEYWORD}:
                    return left
                if STRENGTH.get(operator.text, -1) < max(strength, 1):
                    return left
                if operator.text == "[" and self._closes_range():
                    return left
                left = self._continued(left, operator.text)
            raise ExpressionError(
                _("An expression chains at most %(most)s operators.") % {"most": LONGEST_CHAIN},
                self.token.start,
            )

    def _closes_range(self) -> bool:
        """Whether the bracket at hand is the end of `[1..2[` rather than the start of a filter."""
        if not self.ends_range:
            return False
        follower = scan(self.text, self.token.end, self.names)
        return follower.kind is Kind.END or follower.is_one_of(*AFTER_A_VALUE)

    def _negation(self) -> Node:
        self.advance()
        return nodes.Negation(self.expression(OF_NEGATION))

    def _continued(self, left: Node, operator: str) -> Node:
        special = CONTINUATIONS.get(operator)
        if special is not None:
            return special(self, left)
        self.advance()
        return nodes.Binary(operator, left, self.expression(STRENGTH[operator] + 1))

    def read_between(self, value: Node) -> Node:
        self.advance()
        low = self.expression(OF_COMPARISON)
        self.expect("and")
        return nodes.Between(value, low, self.expression(OF_COMPARISON))

    def read_instance_of(self, value: Node) -> Node:
        self.advance()
        self.expect("of")
        return nodes.InstanceOf(value, tidy(self.read(TYPE_NAME, _("a type")).group()))

    def read_path(self, source: Node) -> Node:
        dot = self.advance()
        known = scan(self.text, dot.end, self.members)
        if known.kind not in {Kind.NAME, Kind.KEYWORD}:
            raise self.unexpected(_("a name"))
        self.go_to(known.end)
        return nodes.Path(source, known.text)

    def read_filter(self, source: Node) -> Node:
        self.expect("[")
        with self.within_item():
            condition = self.expression()
        self.expect("]")
        return nodes.Filter(source, condition)

    def read_call(self, function: Node) -> Node:
        self.expect("(")
        arguments: list[Node] = []
        names: list[str] = []
        while not self.at(")"):
            if arguments:
                self.expect(",")
            if self.found(ARGUMENT_NAME):
                names.append(tidy(self.read(ARGUMENT_NAME, _("a name")).group(1)))
            arguments.append(self.expression())
        if names and len(names) != len(arguments):
            raise ExpressionError(_("Either all arguments have names or none has."), self.token.start)
        self.expect(")")
        return nodes.Call(function, tuple(arguments), tuple(names))

    def read_in(self, value: Node) -> Node:
        self.advance()
        if not self.at("("):
            return nodes.In(value, (self.test(OF_COMPARISON),))
        self.advance()
        outer, self.asks = self.asks, False
        first = self.test()
        if self.at("..") and isinstance(first, nodes.ValueTest):
            interval = self.range_from(first.operand, start_included=False)
            self.asks = outer
            return nodes.In(value, (nodes.ValueTest(interval, asks=False),))
        tests = [first]
        while self.accept(","):
            tests.append(self.test())
        self.expect(")")
        self.asks = outer
        return nodes.In(value, tuple(tests))

    def tests(self) -> tuple[Test, ...]:
        if self.token.text == "not":
            start = self.token
            self.advance()
            if self.accept("("):
                tests = self._test_list()
                self.expect(")")
                return (nodes.NotTest(tests),)
            self.go_to(start.start)
        return self._test_list()

    def _test_list(self) -> tuple[Test, ...]:
        tests = [self.test()]
        while self.accept(","):
            tests.append(self.test())
        return tuple(tests)

    def test(self, strength: int = 0) -> Test:
        """One positive unary test: a comparison with the input, a range, or a value."""
        if self.at(*COMPARISONS):
            operator = self.advance().text
            return nodes.CompareTest(operator, self.expression(OF_COMPARISON))
        outer, self.asks = self.asks, False
        operand = self.expression(strength)
        asks, self.asks = self.asks, outer or self.asks
        return nodes.ValueTest(operand, asks=asks)


CONTINUATIONS: Mapping[str, Callable[[Parser, Node], Node]] = {
    "between": Parser.read_between,
    "in": Parser.read_in,
    "instance": Parser.read_instance_of,
    ".": Parser.read_path,
    "[": Parser.read_filter,
    "(": Parser.read_call,
}
