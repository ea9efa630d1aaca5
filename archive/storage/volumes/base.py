"""What the archive asks of a place for bytes, whichever kind it is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from archive.storage.keys import ObjectKey
from archive.storage.writing import Bytes, StagedObject


@dataclass(frozen=True, slots=True)
class LocalSlice:
    """An object's bytes as part of a local file: for `sendfile` and `mmap`."""

    path: Path
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Found:
    """A segment or loose object that lies on a volume, whether or not anybody knows of it."""

    segment: str
    size_bytes: int
    modified_at: dt.datetime


class Inflow(Protocol):
    """A segment being written to a volume in order, out of sight until `finish`.

    `bytes_done` bytes outlive a crash, and `token` is what `Store.inflow` needs to go on after them.
    """

    bytes_done: int
    token: str

    def append(self, data: Bytes) -> None:
        """Add bytes. Raises Unavailable if the volume is full or does not answer."""
        ...

    def settle(self) -> int:
        """Make what was appended durable as far as the volume can; how many bytes that are."""
        ...

    def finish(self) -> None:
        """Make the segment durable and seen under its key, in the place of one that is there already."""
        ...

    def release(self) -> None:
        """Let go of handles; what is durable stays, for another `inflow` to go on with."""
        ...

    def abandon(self) -> None:
        """Remove what was written."""
        ...


class Store(Protocol):
    """A folder or a bucket. Every method raises Unavailable when the place does not answer.

    A segment may be set aside: it is then found by those who ask for it aside, and by no other reader.
    """

    url: str
    is_local: bool

    def check(self) -> None:
        """Raises Unavailable if the place could not take bytes now."""
        ...

    def stage(self) -> StagedObject: ...

    def open(self, where: ObjectKey, *, aside: bool = False) -> BinaryIO:
        """The object, seekable, and nothing of its neighbours. Raises NotFound."""
        ...

    def read(self, where: ObjectKey) -> bytes:
        """The object's bytes in one piece. Raises NotFound."""
        ...

    def size(self, segment: str, *, aside: bool = False) -> int:
        """How long a segment or loose object is. Raises NotFound."""
        ...

    def local_slice(self, where: ObjectKey) -> LocalSlice | None:
        """Where the object lies in a local file; None on a volume that has no files. Raises NotFound."""
        ...

    def path(self, segment: str, *, aside: bool = False) -> Path:
        """The file of a segment, whether or not it is there. Raises Unavailable where there are no files."""
        ...

    def inflow(self, segment: str, *, token: str = "", bytes_done: int = 0) -> Inflow:
        """A way to write a segment anew, or to go on with the one of this token."""
        ...

    def remove(self, segment: str, *, aside: bool = False) -> None:
        """Remove a segment for good; one that is not there is removed already."""
        ...

    def set_aside(self, segment: str) -> bool:
        """Take a segment out of readers' sight; whether it was there."""
        ...

    def bring_back(self, segment: str) -> bool:
        """Undo `set_aside`; whether it was there."""
        ...

    def found(self, folder: str) -> Iterator[Found]:
        """What lies in a folder of keys, as `sha256/0af/` or `series/3b/`."""
        ...

    def free_bytes(self) -> int | None:
        """How much room is left; None where nobody can tell."""
        ...

    def sweep_staged(self, *, older_than_s: float) -> int: ...
