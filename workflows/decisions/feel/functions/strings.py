"""String functions. Patterns run in RE2, whose time is linear in the text: no pattern can stall a decision.

Reference  DMN 1.5 §10.3.4.3, table 74; XPath functions §5.6 (patterns and flags)
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import re2
from django.utils.translation import gettext as _

from workflows.decisions.feel.errors import FeelError
from workflows.decisions.feel.functions.arguments import Functions, as_integer, as_list, as_string
from workflows.decisions.feel.values import Value

FUNCTIONS = Functions()
LONGEST_PATTERN = 1_000
PATTERN_MEMORY = 8 << 20
LONGEST_TEXT = 1_000_000
FLAGS = frozenset("smix")


@FUNCTIONS.define("substring", "string", "start position", "length?")
def substring(string: Value, start_position: Value, length: Value) -> str:
    text, start = as_string(string), as_integer(start_position)
    if not start or abs(start) > len(text):
        raise FeelError(_("the start position lies outside the text"))
    first = start - 1 if start > 0 else len(text) + start
    if length is None:
        return text[first:]
    count = as_integer(length)
    if count < 1:
        raise FeelError(_("the length is at least 1"))
    return text[first : first + count]


@FUNCTIONS.define("string length", "string")
def string_length(string: Value) -> int:
    return len(as_string(string))


@FUNCTIONS.define("upper case", "string")
def upper_case(string: Value) -> str:
    return as_string(string).upper()


@FUNCTIONS.define("lower case", "string")
def lower_case(string: Value) -> str:
    return as_string(string).lower()


@FUNCTIONS.define("substring before", "string", "match")
def substring_before(string: Value, match: Value) -> str:
    before, found, _after = _partition(string, match)
    return before if found else ""


@FUNCTIONS.define("substring after", "string", "match")
def substring_after(string: Value, match: Value) -> str:
    _before, found, after = _partition(string, match)
    return after if found or not as_string(match) else ""


def _partition(string: Value, match: Value) -> tuple[str, str, str]:
    text, wanted = as_string(string), as_string(match)
    return text.partition(wanted) if wanted else ("", "", text)


@FUNCTIONS.define("contains", "string", "match")
def contains(string: Value, match: Value) -> bool:
    return as_string(match) in as_string(string)


@FUNCTIONS.define("starts with", "string", "match")
def starts_with(string: Value, match: Value) -> bool:
    return as_string(string).startswith(as_string(match))


@FUNCTIONS.define("ends with", "string", "match")
def ends_with(string: Value, match: Value) -> bool:
    return as_string(string).endswith(as_string(match))


@FUNCTIONS.define("matches", "input", "pattern", "flags?")
def matches(input_: Value, pattern: Value, flags: Value) -> bool:
    return _pattern(as_string(pattern), as_string(flags or "")).search(as_string(input_)) is not None


@FUNCTIONS.define("replace", "input", "pattern", "replacement", "flags?")
def replace(input_: Value, pattern: Value, replacement: Value, flags: Value) -> str:
    expression = _pattern(as_string(pattern), as_string(flags or ""))
    parts = _replacement(as_string(replacement), expression.groups)
    left = LONGEST_TEXT

    def filled(found: Any) -> str:
        nonlocal left
        text = _filled(found, parts)
        left -= len(text)
        if left < 0:
            raise FeelError(_("the text would be too long"))
        return text

    return str(expression.sub(filled, as_string(input_)))


@FUNCTIONS.define("split", "string", "delimiter")
def split(string: Value, delimiter: Value) -> list[str]:
    return [part or "" for part in _pattern(as_string(delimiter), "").split(as_string(string))]


@FUNCTIONS.define("string join", "list", "delimiter?")
def string_join(list_: Value, delimiter: Value) -> str:
    parts = [as_string(item) for item in as_list(list_) if item is not None]
    between = as_string(delimiter) if delimiter is not None else ""
    if sum(map(len, parts)) + len(between) * len(parts) > LONGEST_TEXT:
        raise FeelError(_("the text would be too long"))
    return between.join(parts)


@lru_cache(maxsize=256)
def _pattern(pattern: str, flags: str) -> Any:
    if len(pattern) > LONGEST_PATTERN:
        raise FeelError(_("a pattern has at most %(most)s characters") % {"most": LONGEST_PATTERN})
    if not FLAGS.issuperset(flags):
        raise FeelError(_("flags are s, m, i and x"))
    if "x" in flags:
        pattern = "".join(pattern.split())
    prefix = "".join(flag for flag in "smi" if flag in flags)
    options = re2.Options()
    options.max_mem = PATTERN_MEMORY
    options.log_errors = False
    try:
        return re2.compile(f"(?{prefix}){pattern}" if prefix else pattern, options)
    except re2.error as error:
        raise FeelError(_("the pattern is no regular expression")) from error


def _replacement(text: str, groups: int) -> Sequence[str | int]:
    """The parts of a replacement: texts, and numbers of groups written $1."""
    parts: list[str | int] = []
    position = 0
    while position < len(text):
        mark, following = text[position], text[position + 1 : position + 2]
        if mark == "$" and following.isdigit():
            parts.append(int(following))
            position += 2
        elif mark == "\\" and following in {"$", "\\"}:
            parts.append(following)
            position += 2
        else:
            parts.append(mark)
            position += 1
    return [part for part in parts if isinstance(part, str) or part <= groups]


def _filled(found: Any, parts: Sequence[str | int]) -> str:
    return "".join(part if isinstance(part, str) else found.group(part) or "" for part in parts)
