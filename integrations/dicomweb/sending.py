"""Bytes on their way out: pieces of a size that neither fills the memory nor wakes the network too often."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from archive.storage.objects import LocalSlice
from archive.storage.volumes.local import failures_told
from common.errors import Unavailable

PIECE = 1 << 20


def pieces(body: bytes | LocalSlice | Iterable[bytes], *, before: bytes = b"") -> Iterator[bytes]:
    """The bytes of a body after `before`, piece by piece.

    Raises  Unavailable or NotFound if a file cannot be read to its end: the answer then breaks off, which its
            length or its missing last boundary tells.
    """
    if isinstance(body, bytes):
        yield before + body if len(body) < PIECE else before
        if len(body) >= PIECE:
            yield body
    elif isinstance(body, LocalSlice):
        yield from _of_file(body, before)
    else:
        if before:
            yield before
        yield from body


def _of_file(where: LocalSlice, before: bytes) -> Iterator[bytes]:
    with failures_told():
        handle = os.open(where.path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        position, end = where.offset, where.offset + where.length
        if before:
            yield before
        while position < end:
            with failures_told():
                piece = os.pread(handle, min(PIECE, end - position), position)
            if not piece:
                raise Unavailable("The segment ends before the object does", code="STORAGE_FAILED")
            position += len(piece)
            yield piece
    finally:
        os.close(handle)
