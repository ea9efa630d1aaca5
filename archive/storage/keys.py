"""The names bytes are kept under: a loose object by its digest, a slice by its segment, offset and length.

    sha256/<3 hex>/<64 hex>                      a loose object, named by the digest of its bytes
    series/<2 hex>/<32 hex>@<offset>+<length>    a slice of a segment; the part before `@` is the segment's key

Nothing a peer sent is ever part of a key, and a key does not tell on which volume the bytes lie.
"""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass

from common.errors import InvalidInput

_LOOSE = re.compile(r"sha256/(?P<folder>[0-9a-f]{3})/(?P=folder)[0-9a-f]{61}")
_SEGMENT = re.compile(r"series/(?P<folder>[0-9a-f]{2})/(?P=folder)[0-9a-f]{30}")
_SLICE = re.compile(rf"(?P<segment>{_SEGMENT.pattern})@(?P<offset>\d{{1,15}})\+(?P<length>\d{{1,15}})")
LOOSE_PREFIX = "sha256/"
SEGMENT_PREFIX = "series/"


@dataclass(frozen=True, slots=True)
class ObjectKey:
    """A parsed key. `length` is None where the object is all of its segment."""

    segment: str
    offset: int = 0
    length: int | None = None

    @property
    def is_loose(self) -> bool:
        return self.length is None

    def __str__(self) -> str:
        return self.segment if self.length is None else slice_key(self.segment, self.offset, self.length)


def content_key(sha256: str) -> str:
    """The key of the loose object with this digest: `sha256/` + three characters as a folder + the digest.

    4 096 folders keep each one small up to some fifty million objects, and are soon all made.
    """
    return f"{LOOSE_PREFIX}{sha256[:3]}/{sha256}"


def new_segment_key() -> str:
    """A key for a segment that nobody else writes to."""
    name = uuid.uuid4().hex
    return f"{SEGMENT_PREFIX}{name[:2]}/{name}"


def slice_key(segment: str, offset: int, length: int) -> str:
    """The key of `length` bytes of a segment, from `offset` on."""
    return f"{segment}@{offset}+{length}"


def parse_key(key: str) -> ObjectKey:
    """The parts of a storage key. Raises InvalidInput for anything that is none of ours."""
    if _LOOSE.fullmatch(key) is not None:
        return ObjectKey(key)
    match = _SLICE.fullmatch(key)
    if match is None:
        raise InvalidInput("This is not a storage key", code="BAD_STORAGE_KEY")
    return ObjectKey(match["segment"], int(match["offset"]), int(match["length"]))


def check_segment_key(key: str) -> str:
    """The key itself, if it names a segment or a loose object: nothing else ever becomes a path.

    Raises  InvalidInput for anything else.
    """
    if _LOOSE.fullmatch(key) is None and _SEGMENT.fullmatch(key) is None:
        raise InvalidInput("This is not the key of a segment", code="BAD_STORAGE_KEY")
    return key
