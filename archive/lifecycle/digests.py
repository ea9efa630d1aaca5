"""Reading segments from end to end and telling whether their bytes are what was stored."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from archive.lifecycle.references import Reference, references_to
from archive.storage.keys import ObjectKey, parse_key
from archive.storage.models import Segment
from archive.storage.volumes.base import Store

BLOCK = 4 * 1024 * 1024

Pace = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Examined:
    """What reading a copy showed: the digest of the whole, and the objects that are not what was stored."""

    sha256: str
    size_bytes: int
    bad: tuple[Reference, ...]

    def is_good_copy_of(self, segment: Segment) -> bool:
        if self.bad or self.size_bytes != segment.size_bytes:
            return False
        return not segment.sha256 or self.sha256 == segment.sha256


def examine(store: Store, segment: Segment, *, aside: bool = False, pace: Pace | None = None) -> Examined:
    """Read a copy once, front to back, and check every object in it and the whole.

    Raises  NotFound if the volume has no such copy; Unavailable if it cannot be read now.
    """
    references = [reference for reference in references_to(segment.key) if reference.sha256]
    with store.open(ObjectKey(segment.key), aside=aside) as file:
        return _examine(file, references, pace or _at_once)


def blocks_of(file: BinaryIO) -> Iterator[bytes]:
    while block := file.read(BLOCK):
        yield block


def _examine(file: BinaryIO, references: Sequence[Reference], pace: Pace) -> Examined:
    whole, position = hashlib.sha256(), 0
    waiting = [_Object(reference) for reference in references]
    bad: list[Reference] = []
    for block in blocks_of(file):
        whole.update(block)
        view = memoryview(block)
        for item in waiting:
            if item.start >= position + len(block):
                break
            item.feed(view, position)
        position += len(block)
        bad += [item.reference for item in waiting if item.end <= position and not item.is_right()]
        waiting = [item for item in waiting if item.end > position]
        pace(len(block))
    bad += [item.reference for item in waiting if not (item.end <= position and item.is_right())]
    return Examined(whole.hexdigest(), position, tuple(bad))


class _Object:
    """An object of the segment whose digest grows as its bytes pass by."""

    def __init__(self, reference: Reference) -> None:
        key = parse_key(reference.storage_key)
        self.reference = reference
        self.start = key.offset
        self.end = key.offset + (reference.size_bytes if key.length is None else key.length)
        self._digest = hashlib.sha256()

    def feed(self, block: memoryview, position: int) -> None:
        first, last = max(self.start - position, 0), min(self.end - position, len(block))
        if first < last:
            self._digest.update(block[first:last])

    def is_right(self) -> bool:
        return self._digest.hexdigest() == self.reference.sha256


def _at_once(_size: int) -> None:
    return None
