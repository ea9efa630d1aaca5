"""Stored objects as the encoder wants them: their heads, read from open files, and all of one where it must be.

Reference  PS3.10 §7.1 (file meta information), PS3.5 §A.5 (deflated)
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from archive.pixels.deflated import inflated
from archive.pixels.errors import PixelsUnreadable
from archive.pixels.sources import PixelSource
from archive.storage.objects import Place
from archive.studies.metadata.elements import Encoded, Incomplete
from archive.studies.outgoing import Identity, coerced
from archive.studies.received import split_part10
from common.errors import InvalidInput, NotFound, Unavailable

HEAD = 32 << 10
_DEFLATED = "1.2.840.10008.1.2.1.99"
_BIG_ENDIAN = "1.2.840.10008.1.2.2"
_IMPLICIT = frozenset(["1.2.840.10008.1.2", "1.2.840.113619.5.2"])
_LARGEST, _HELD_AT_MOST = 1 << 29, 64 << 20
_END_OF_FRAGMENTS = b"\xfe\xff\xdd\xe0\0\0\0\0"
T = TypeVar("T")


class Files:
    """Local files, each opened once."""

    def __init__(self) -> None:
        self._handles: dict[Path, int] = {}

    def read(self, path: Path, offset: int, length: int) -> bytes:
        handle = self._handles.get(path)
        if handle is None:
            handle = self._handles[path] = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        return os.pread(handle, length, offset)

    def close(self) -> None:
        while self._handles:
            os.close(self._handles.popitem()[1])


@contextlib.contextmanager
def open_files() -> Iterator[Files]:
    files = Files()
    try:
        yield files
    finally:
        files.close()


def read_with(
    place: Place, files: Files, act: Callable[[Encoded], T], *, identity: Identity | None = None
) -> T:
    """What `act` makes of an object; of its head, where that will do.

    Raises  what `act` raises; NotFound, Unavailable if the bytes cannot be had; InvalidInput if they are no object.
    """
    if identity is None and place.local is not None:
        with contextlib.suppress(Incomplete):
            return act(_head(place, files))
    try:
        return act(whole(coerced(place.read(), identity)))
    except Incomplete as error:
        raise _too_large() from error


def whole(data: bytes) -> Encoded:
    """All of a Part 10 object; of a deflated one as much as may be held when inflated.

    Raises  InvalidInput; Unavailable if others are being inflated for long.
    """
    syntax, start = split_part10(data)
    if syntax != _DEFLATED:
        return _encoded(data, start, len(data), syntax)
    try:
        found = inflated(PixelSource(data=data), most=_LARGEST, held=_HELD_AT_MOST)
    except PixelsUnreadable as error:
        raise InvalidInput(error.message, code=error.code) from error
    encoded = _encoded(found.data, 0, found.size, syntax)
    encoded.is_inflated = True
    return encoded


def _head(place: Place, files: Files) -> Encoded:
    if place.local is None:
        raise Incomplete
    path, offset, size = place.local.path, place.local.offset, place.local.length
    try:
        data = files.read(path, offset, min(HEAD, size))
        tail = files.read(path, offset + max(0, size - 8), 8)
    except FileNotFoundError as error:
        raise NotFound("The object is not in the store", code="OBJECT_MISSING") from error
    except OSError as error:
        raise Unavailable("The object cannot be read now", code="STORAGE_FAILED") from error
    syntax, start = split_part10(data)
    if syntax == _DEFLATED:
        raise Incomplete
    encoded = _encoded(data, start, size, syntax)
    encoded.ends_with_pixels = tail == _END_OF_FRAGMENTS and not encoded.is_whole
    return encoded


def _encoded(data: bytes, start: int, size: int, syntax: str) -> Encoded:
    return Encoded(data, start, size, syntax in _IMPLICIT, ">" if syntax == _BIG_ENDIAN else "<")


def _too_large() -> InvalidInput:
    return InvalidInput("The object is too large when inflated", code="OBJECT_TOO_LARGE")
