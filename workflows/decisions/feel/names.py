"""Names that hold spaces, dashes, slashes and dots, recognised against what is in scope.

Reference  DMN 1.5 §10.3.1.2 grammar rules 27 to 31 (name parts and additional name symbols), §10.3.1.4
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

PART = re.compile(r"\w+|[^\w\s]")
BLANKS = re.compile(r"\s*")


def name_parts(name: str) -> tuple[str, ...]:
    return tuple(PART.findall(name))


class Names:
    """The names one expression may use; `within` adds those an inner expression declares."""

    __slots__ = ("by_first_part", "outer")

    def __init__(self, names: Iterable[str], outer: Names | None = None) -> None:
        self.outer = outer
        self.by_first_part: dict[str, list[tuple[tuple[str, ...], str]]] = {}
        for name in names:
            parts = name_parts(name)
            if parts:
                self.by_first_part.setdefault(parts[0], []).append((parts, name))

    def within(self, names: Iterable[str]) -> Names:
        return Names(names, self)

    def longest_at(self, text: str, position: int) -> tuple[str, int] | None:
        """The longest known name that starts here, and where it ends."""
        found: tuple[str, int] | None = None
        scope: Names | None = self
        first = PART.match(text, position)
        while scope is not None and first is not None:
            for parts, name in scope.by_first_part.get(first.group(), ()):
                end = _end_of(parts, text, position)
                if end is not None and (found is None or end > found[1]):
                    found = (name, end)
            scope = scope.outer
        return found

    def __iter__(self) -> Iterator[str]:
        scope: Names | None = self
        while scope is not None:
            for entries in scope.by_first_part.values():
                yield from (name for _parts, name in entries)
            scope = scope.outer


def _end_of(parts: tuple[str, ...], text: str, position: int) -> int | None:
    for number, part in enumerate(parts):
        if number:
            blanks = BLANKS.match(text, position)
            position = blanks.end() if blanks else position
        match = PART.match(text, position)
        if match is None or match.group() != part:
            return None
        position = match.end()
    return position
