"""The other images of an object's series: one slice alone does not tell a nose from the top of a head."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Siblings:
    """All objects of a series as Part 10 files, the one in question among them.

    `key` is another one whenever the objects are others; what was measured of a series is kept by it for a while.
    """

    key: str
    load: Callable[[], Iterator[bytes]]
