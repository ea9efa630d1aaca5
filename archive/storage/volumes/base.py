"""What the archive asks of a place for bytes, whichever kind it is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from archive.storage.keys import ObjectKey
from archive.storage.writing import StagedObject


@dataclass(frozen=True, slots=True)
class LocalSlice:
    """An object's bytes as part of a local file: for `sendfile` and `mmap`."""

    path: Path
    offset: int
    length: int


class Store(Protocol):
    """A folder or a bucket. Every method raises Unavailable when the place does not answer."""

    url: str
    is_local: bool

    def stage(self) -> StagedObject: ...

    def open(self, where: ObjectKey) -> BinaryIO:
        """The object, seekable, and nothing of its neighbours. Raises NotFound."""
        ...

    def read(self, where: ObjectKey) -> bytes:
        """The object's bytes in one piece. Raises NotFound."""
        ...

    def size(self, segment: str) -> int:
        """How long a segment or loose object is. Raises NotFound."""
        ...

    def local_slice(self, where: ObjectKey) -> LocalSlice | None:
        """Where the object lies in a local file; None on a volume that has no files. Raises NotFound."""
        ...

    def sweep_staged(self, *, older_than_s: float) -> int: ...
