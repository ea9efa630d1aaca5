"""FEEL text to tokens, one at a time: where a name ends depends on which names are in scope.

Reference  DMN 1.5 §10.3.1.2
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, DecimalException
from enum import Enum

from django.utils.translation import gettext as _

from workflows.decisions.feel.errors import ExpressionError
from workflows.decisions.feel.names import Names
from workflows.decisions.feel.values import DECIMAL128

KEYWORDS = frozenset(
    {
        *("and", "or", "if", "then", "else", "for", "in", "return", "some", "every", "satisfies", "between"),
        *("instance", "of", "function", "external", "true", "false", "null"),
    }
)
BLANK = re.compile(r"(?:\s+|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
NUMBER = re.compile(r"(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?")
STRING = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
WORD = re.compile(r"[^\W\d]\w*")
OPERATOR = re.compile(r"\*\*|!=|<=|>=|\.\.|->|[-+*/=<>()\[\]{},.:?@]")
ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{6}|.)", re.DOTALL)
ESCAPED = {"n": "\n", "r": "\r", "t": "\t"}


class Kind(Enum):
    NUMBER = "number"
    STRING = "string"
    NAME = "name"
    KEYWORD = "keyword"
    OPERATOR = "operator"
    END = "end"


@dataclass(frozen=True, slots=True)
class Token:
    """`value` is the Decimal of a number and the unescaped text of a string; `known` tells that a name
    was found in scope."""

    kind: Kind
    text: str
    start: int
    end: int
    value: Decimal | str | None = None
    known: bool = False

    def is_one_of(self, *texts: str) -> bool:
        return self.kind in {Kind.OPERATOR, Kind.KEYWORD} and self.text in texts


def skip_blanks(text: str, position: int) -> int:
    match = BLANK.match(text, position)
    return match.end() if match else position


def scan(text: str, position: int, names: Names) -> Token:
    """The token at or after a position.

    Raises  ExpressionError for a character no token starts with.
    """
    start = skip_blanks(text, position)
    if start >= len(text):
        return Token(Kind.END, "", start, start)
    if match := STRING.match(text, start):
        return Token(Kind.STRING, match.group(), start, match.end(), unescape(match.group(1)))
    if match := NUMBER.match(text, start):
        return Token(Kind.NUMBER, match.group(), start, match.end(), _number(match.group(), start))
    if word := WORD.match(text, start):
        return _name_or_keyword(text, start, word, names)
    if match := OPERATOR.match(text, start):
        return Token(Kind.OPERATOR, match.group(), start, match.end())
    if text[start] == '"':
        raise ExpressionError(_("A text begins with a quotation mark and does not end with one."), start)
    raise ExpressionError(_("“%(text)s” cannot stand here.") % {"text": text[start]}, start)


def _name_or_keyword(text: str, start: int, word: re.Match[str], names: Names) -> Token:
    found = names.longest_at(text, start)
    is_keyword = word.group() in KEYWORDS
    if found is not None and (not is_keyword or found[1] > word.end()):
        return Token(Kind.NAME, found[0], start, found[1], known=True)
    kind = Kind.KEYWORD if is_keyword else Kind.NAME
    return Token(kind, word.group(), start, word.end())


def _number(text: str, start: int) -> Decimal:
    try:
        return DECIMAL128.create_decimal(text)
    except DecimalException as error:
        raise ExpressionError(_("The number is too large."), start) from error


def unescape(text: str) -> str:
    def replaced(match: re.Match[str]) -> str:
        code = match.group(1)
        if len(code) > 1:
            return _character(int(code[1:], 16))
        return ESCAPED.get(code, code if code in "\"'\\" else match.group())

    return ESCAPE.sub(replaced, text)


def _character(code_point: int) -> str:
    if code_point > 0x10FFFF:
        raise ExpressionError(_("There is no character with this code."))
    return chr(code_point)
