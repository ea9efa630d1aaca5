"""How bytes get in: objects staged one by one, and writers that append a sender's objects as they come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

Bytes = bytes | bytearray | memoryview


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object that was stored: its key, size and digest."""

    key: str
    size_bytes: int
    sha256: str


class StagedObject(Protocol):
    """Bytes on their way in. Nobody finds them before `commit`; a crash leaves nothing but litter."""

    size_bytes: int

    def write(self, data: Bytes) -> None: ...

    def path(self) -> Path:
        """A local file with what was written so far, for reading."""
        ...

    def commit(self) -> StoredObject: ...

    def discard(self) -> None: ...


class ObjectWriter(Protocol):
    """One sender's way in, of one thread at a time; `archive.storage.objects.open_writer` makes one.

    A writer that appends to local segments holds an exclusive `flock` on each file it may still append to:
    that is how the duty that seals the segments of dead writers tells them from live ones.
    """

    def append(
        self, parts: Sequence[Bytes], *, sha256: str, study_instance_uid: str, series_instance_uid: str
    ) -> StoredObject:
        """Store the bytes of one object, given in parts; durable when this returns.

        Raises  Unavailable if the store cannot take it now; nothing is then to be found under any key.
        """
        stored = self.put(
            parts,
            sha256=sha256,
            study_instance_uid=study_instance_uid,
            series_instance_uid=series_instance_uid,
        )
        self.flush(stored)
        return stored

    def put(
        self, parts: Sequence[Bytes], *, sha256: str, study_instance_uid: str, series_instance_uid: str
    ) -> StoredObject:
        """As `append`, but nobody need find it before `flush` has returned for it, and nothing else is put till then.

        The parts are read until then.
        """
        ...

    def flush(self, stored: StoredObject) -> None:
        """Write what was put last, and make it durable. Raises Unavailable; the object is then not to be found."""
        ...

    def withdraw(self, stored: StoredObject) -> None:
        """Take back what was just stored and no row refers to: a duplicate's bytes, a refused object's."""
        ...

    def close(self) -> None:
        """Seal what was written."""
        ...
