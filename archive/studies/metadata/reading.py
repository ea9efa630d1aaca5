"""Metadata as it is kept, read back instance by instance."""

from __future__ import annotations

import codecs
import json
from collections.abc import Generator, Iterable, Iterator
from typing import Any

_decoder = json.JSONDecoder(parse_float=str, parse_int=str)  # numbers digit for digit, as they were written
_BETWEEN = " ,[\n"
_SMALLEST_PIECE = 1 << 18


def instances_in(pieces: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    """The objects of a JSON array that comes in pieces, one of them in memory at a time."""
    utf8 = codecs.getincrementaldecoder("utf-8")()
    waiting, wanted = "", _SMALLEST_PIECE
    for piece in pieces:
        waiting += utf8.decode(piece)
        if len(waiting) < wanted:
            continue
        before = len(waiting)
        waiting = yield from _taken(waiting)
        # What did not bring an object to its end is not read over and over: twice as much is waited for.
        wanted = _SMALLEST_PIECE if len(waiting) < before else 2 * before
    yield from _taken(waiting)


def _taken(text: str) -> Generator[dict[str, Any], None, str]:
    """The whole objects at the beginning; returns what is left."""
    at = 0
    while True:
        while at < len(text) and text[at] in _BETWEEN:
            at += 1
        if at == len(text) or text[at] != "{":
            return text[at:]
        try:
            found, at = _decoder.raw_decode(text, at)
        except json.JSONDecodeError:
            return text[at:]
        yield found
