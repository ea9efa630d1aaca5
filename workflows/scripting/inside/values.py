"""The values that go in and out: JSON, no deeper, longer or odder than any store of ours takes."""

from __future__ import annotations

import math
from typing import Any

MAX_DEPTH = 40
MAX_INTEGER = 2**63 - 1


class NotPlain(ValueError):
    """A value that is not JSON as we keep it; the argument says which rule it breaks, never the value."""


def plain(value: Any) -> Any:
    """The value as JSON has it: tuples as lists, keys as texts only.

    Raises  NotPlain for what JSON cannot hold (RFC 8259 §6: no NaN), for texts PostgreSQL cannot (a NUL, half a
            surrogate pair), for numbers beyond 64 bits, and for values nested deeper than MAX_DEPTH.
    """
    return _plain(value, 0)


def _plain(value: Any, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise NotPlain("deep")
    kind = type(value)
    if kind is str:
        return _text(value)
    if value is None or kind is bool:
        return value
    if kind is int:
        if abs(value) > MAX_INTEGER:
            raise NotPlain("number")
        return value
    if kind is float:
        if not math.isfinite(value):
            raise NotPlain("number")
        return value
    if kind is list or kind is tuple:
        return [_plain(each, depth + 1) for each in value]
    if kind is dict:
        return {_key(key): _plain(each, depth + 1) for key, each in value.items()}
    raise NotPlain("kind")


def _key(key: Any) -> str:
    if type(key) is not str:
        raise NotPlain("key")
    return _text(key)


def _text(text: str) -> str:
    if "\0" in text or (not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text)):
        raise NotPlain("text")
    return text
