"""Where the pixels of an instance are to be had: a part of a local file, or bytes."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass

from archive.pixels.mapping import mapped
from archive.storage.objects import local_slice, read_object
from archive.storage.volumes.base import LocalSlice
from archive.studies.selectors import Stored, with_stored
from common.errors import NotFound

Data = bytes | memoryview


@dataclass(frozen=True, slots=True)
class PixelSource:
    """A stored Part 10 object: where it lies in a local file, or its bytes where no file has it."""

    local: LocalSlice | None = None
    data: bytes = b""

    @contextlib.contextmanager
    def opened(self) -> Iterator[Data]:
        """The object's bytes, mapped and not read where it is a file. Raises NotFound if the file has gone."""
        if self.local is None:
            yield self.data
            return
        with mapped(self.local.path, self.local.offset, self.local.length) as view:
            yield view

    def part(self, start: int, length: int) -> bytes:
        """Some bytes of the object, fewer if it ends before. Raises NotFound if the file has gone."""
        if self.local is None:
            return self.data[start : start + length]
        try:
            file = os.open(self.local.path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError as error:
            raise NotFound("The object is not in the store", code="OBJECT_MISSING") from error
        try:
            return os.pread(file, min(length, self.local.length - start), self.local.offset + start)
        finally:
            os.close(file)


def source_of(instance: Stored) -> PixelSource:
    """The stored object of an instance. Raises as `with_stored`."""
    return with_stored(instance, source_at)


def source_at(storage_key: str) -> PixelSource:
    """As `source_of`, by the storage key."""
    local = local_slice(storage_key)
    return PixelSource(local) if local is not None else PixelSource(data=read_object(storage_key))
