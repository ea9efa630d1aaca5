"""How bytes get in: objects staged one by one, and writers that append a sender's objects as they come."""

from __future__ import annotations

import hashlib
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
        self, parts: Sequence[Bytes], *, study_instance_uid: str, series_instance_uid: str
    ) -> StoredObject:
        """Store the bytes of one object, given in parts; durable when this returns.

        Raises  Unavailable if the store cannot take it now; nothing is then to be found under any key.
        """
        stored = self.put(
            parts, study_instance_uid=study_instance_uid, series_instance_uid=series_instance_uid
        )
        self.flush(stored)
        return stored

    def put(
        self, parts: Sequence[Bytes], *, study_instance_uid: str, series_instance_uid: str
    ) -> StoredObject:
        """Give an object its place and its digest; nobody need find it before `flush` has returned for it.

        Nothing else is put till then, and the parts must stay as they are.
        """
        ...

    def flush(self, stored: StoredObject) -> None:
        """Have what was put last durable. Raises Unavailable, once; the object is then not to be found.

        Whoever puts an object flushes it, whatever comes between; flushing it again does nothing.
        """
        ...

    def withdraw(self, stored: StoredObject) -> None:
        """Take back what was just stored and no row refers to: a duplicate's bytes, a refused object's."""
        ...

    def close(self) -> None:
        """Seal what was written."""
        ...


def digest_of(parts: Sequence[Bytes]) -> str:
    """SHA-256 of the parts one behind the other, in hexadecimal digits."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.hexdigest()
