"""Whether a site may still store: asked before each object, answered by whoever keeps the quotas.

Quotas live above this package; their keeper registers itself here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from accounts.models import Site
from archive.storage.writing import Bytes, ObjectWriter, StoredObject

Gate = Callable[[Site, int], None]

_gates: list[Gate] = []


def use_gate(gate: Gate) -> None:
    """Have `gate(site, size_bytes)` asked before bytes of a site are stored; it raises Unavailable to refuse."""
    if gate not in _gates:
        _gates.append(gate)


def admit(site: Site | None, size_bytes: int) -> None:
    """Raises  Unavailable if the site may not store so much now."""
    if site is not None:
        for gate in _gates:
            gate(site, size_bytes)


class AdmittedWriter(ObjectWriter):
    """A writer that asks for admission before it stores."""

    def __init__(self, writer: ObjectWriter, site: Site | None) -> None:
        self._writer, self._site = writer, site

    def put(
        self, parts: Sequence[Bytes], *, study_instance_uid: str, series_instance_uid: str
    ) -> StoredObject:
        admit(self._site, sum(len(part) for part in parts))
        return self._writer.put(
            parts, study_instance_uid=study_instance_uid, series_instance_uid=series_instance_uid
        )

    def flush(self, stored: StoredObject) -> None:
        self._writer.flush(stored)

    def withdraw(self, stored: StoredObject) -> None:
        self._writer.withdraw(stored)

    def close(self) -> None:
        self._writer.close()
