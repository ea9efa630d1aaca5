"""The writer that keeps every object by itself, under the digest of its bytes."""

from __future__ import annotations

from collections.abc import Sequence

from archive.storage.volumes.base import Store
from archive.storage.writing import Bytes, ObjectWriter, StoredObject


class LooseWriter(ObjectWriter):
    """One object, one file or one PUT. What is withdrawn is left to the purge: others may hold the same bytes."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def put(
        self,
        parts: Sequence[Bytes],
        *,
        study_instance_uid: str,  # noqa: ARG002 - a loose object is named by its bytes
        series_instance_uid: str,  # noqa: ARG002
    ) -> StoredObject:
        """Store one object; durable when this returns, without a flush.

        Raises  Unavailable if the store cannot take it now.
        """
        staged = self._store.stage()
        try:
            for part in parts:
                staged.write(part)
            return staged.commit()
        finally:
            staged.discard()

    def flush(self, stored: StoredObject) -> None:
        """Nothing to do: what was put is durable."""

    def withdraw(self, stored: StoredObject) -> None:
        """Nothing to do: unreferenced loose objects are purged."""

    def close(self) -> None:
        """Nothing to do: a loose object is sealed from the start."""
