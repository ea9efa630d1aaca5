"""A part of a local file as bytes that are mapped, not read."""

from __future__ import annotations

import contextlib
import mmap
from collections.abc import Iterator
from pathlib import Path

from common.errors import NotFound


@contextlib.contextmanager
def mapped(path: Path, offset: int, length: int) -> Iterator[memoryview]:
    """The part for as long as the block lasts; nothing of it may be kept. Raises NotFound if the file has gone."""
    try:
        file = path.open("rb")
    except FileNotFoundError as error:
        raise NotFound("The object is not in the store", code="OBJECT_MISSING") from error
    start = offset - offset % mmap.ALLOCATIONGRANULARITY
    with (
        file,
        mmap.mmap(file.fileno(), offset - start + length, offset=start, access=mmap.ACCESS_READ) as area,
    ):
        whole = memoryview(area)
        part = whole[offset - start :]
        try:
            yield part
        finally:
            part.release()
            whole.release()
