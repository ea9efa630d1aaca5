"""A text read token by token, in a scope of names that opens and closes with what is being read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from workflows.decisions.feel.errors import ExpressionError
from workflows.decisions.feel.lexer import Kind, Token, scan, skip_blanks
from workflows.decisions.feel.names import Names
from workflows.decisions.feel.temporal import PROPERTY_NAMES

LONGEST_TEXT = 10_000
DEEPEST_NESTING = 40
NAME = r"[^\W\d][\w '+*/.-]{0,99}?"
ARGUMENT_NAME = re.compile(rf"({NAME})\s{{0,99}}:")
KEY = re.compile(rf'(?:({NAME})|"((?:[^"\\]|\\.)*)")\s{{0,99}}:', re.DOTALL)
ITERATOR_NAME = re.compile(rf"({NAME})\s{{1,99}}in\b")
PARAMETER_NAME = re.compile(rf"({NAME})\s{{0,99}}(?=[,):])")
TYPE_NAME = re.compile(
    r"(?:date and time|(?:days and time|years and months) duration|\w+)(?:\s*<[\w ,:<>-]*>)?"
)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What an expression may name: values in scope, and members of contexts wherever they occur."""

    names: Names
    members: Names = field(default_factory=lambda: Names(PROPERTY_NAMES))


class TokenReader:
    """The token at hand, the scope it was read in, and what was met on the way.

    `unknown` are the names that were not in scope; `asks` tells whether `?` was read.
    """

    def __init__(self, text: str, vocabulary: Vocabulary) -> None:
        if len(text) > LONGEST_TEXT:
            raise ExpressionError(
                _("An expression has at most %(most)s characters.") % {"most": LONGEST_TEXT}
            )
        self.text = text
        self.names = vocabulary.names
        self.members = vocabulary.members
        self.unknown: list[Token] = []
        self.asks = False
        self._depth = 0
        self._contexts_open = 0
        self.ends_range = False
        self.token = scan(text, 0, self.names)

    def advance(self) -> Token:
        token = self.token
        self.go_to(token.end)
        return token

    def go_to(self, position: int) -> None:
        self.token = scan(self.text, position, self.names)

    def at(self, *texts: str) -> bool:
        return self.token.is_one_of(*texts)

    def accept(self, text: str) -> bool:
        if not self.at(text):
            return False
        self.advance()
        return True

    def expect(self, text: str) -> Token:
        if not self.at(text):
            raise self.unexpected(f"“{text}”")
        return self.advance()

    def expect_end(self) -> None:
        if self.token.kind is not Kind.END:
            raise self.unexpected(_("the end or an operator"))

    def unexpected(self, wanted: str) -> ExpressionError:
        if self.token.kind is Kind.END:
            return ExpressionError(
                _("The expression ends where %(wanted)s should follow.") % {"wanted": wanted},
                self.token.start,
            )
        shown = self.token.text if len(self.token.text) <= 30 else self.token.text[:30] + "…"
        return ExpressionError(
            _("“%(shown)s” stands where %(wanted)s should stand (character %(position)s).")
            % {"shown": shown, "wanted": wanted, "position": self.token.start + 1},
            self.token.start,
        )

    def read(self, pattern: re.Pattern[str], wanted: str) -> re.Match[str]:
        """What a pattern finds at the token at hand, which is then the one after it."""
        match = pattern.match(self.text, self.token.start)
        if match is None:
            raise self.unexpected(wanted)
        self.go_to(match.end())
        return match

    def found(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        return pattern.match(self.text, skip_blanks(self.text, self.token.start))

    @contextmanager
    def declared(self, names: Iterable[str]) -> Iterator[None]:
        """A scope in which more names are known; the token at hand is read again with them."""
        outer = self.names
        self.names = outer.within(names)
        self.go_to(self.token.start)
        yield
        self.names = outer
        self.go_to(self.token.start)

    @contextmanager
    def nested(self) -> Iterator[None]:
        self._depth += 1
        if self._depth > DEEPEST_NESTING:
            raise ExpressionError(
                _("Expressions nest at most %(most)s deep.") % {"most": DEEPEST_NESTING},
                self.token.start,
            )
        yield
        self._depth -= 1

    @contextmanager
    def within_item(self) -> Iterator[None]:
        """A filter's condition: members of the item are names there, and known only at run time."""
        self._contexts_open += 1
        with self.declared(["item", *self.members]):
            yield
        self._contexts_open -= 1

    def note_unknown(self, token: Token) -> None:
        if not self._contexts_open:
            self.unknown.append(token)


def tidy(name: str) -> str:
    return " ".join(name.split())
