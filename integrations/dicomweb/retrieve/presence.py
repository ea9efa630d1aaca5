"""Which of the instances asked for have their bytes here now.

A lost object must not cost its whole series: it is left out, and the answer says that something is (PS3.18 §8.5, 206).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from archive.storage.objects import Place, locate, read_object
from archive.studies.models import Instance
from common.errors import NotFound
from integrations.dicomweb.retrieve.subjects import Subject


@dataclass(frozen=True, slots=True)
class Present:
    """The instances whose bytes are there, and where. `lost` counts the others."""

    subjects: list[Subject]
    places: dict[str, Place]
    lost: int


def present(found: Sequence[Subject]) -> Present:
    """What of the instances there is, in their order; two statements at most.

    Raises  NotFound if nothing is there; Unavailable if that is so because a volume cannot be asked now.
    """
    places, sizes = locate([one.storage_key for one in found]), _Sizes()
    if all(sizes.has(places.get(one.storage_key)) for one in found):
        return Present(list(found), places, 0)
    renewed = _renewed([one for one in found if not sizes.has(places.get(one.storage_key))])
    now = [renewed.get(one.pk, one) for one in found]
    places |= locate([one.storage_key for one in renewed.values()])
    there = [one for one in now if sizes.has(places.get(one.storage_key))]
    if not there:
        read_object(now[0].storage_key)  # tells why
        raise NotFound("The object is not in the store", code="OBJECT_MISSING")
    return Present(there, places, len(found) - len(there))


def _renewed(lost: Sequence[Subject]) -> dict[int, Subject]:
    """As their rows are now: those of a series that has been packed since they were read lie elsewhere."""
    rows = Instance.objects.filter(pk__in=[one.pk for one in lost]).values_list("pk", "storage_key")
    keys = dict(rows)
    return {one.pk: replace(one, storage_key=keys[one.pk]) for one in lost if one.pk in keys}


class _Sizes:
    """Sizes of local files, each asked once."""

    def __init__(self) -> None:
        self._known: dict[Path, int] = {}

    def has(self, place: Place | None) -> bool:
        """Whether the object's bytes are there to their end; a store without files is believed."""
        if place is None or place.local is None:
            return place is not None
        path = place.local.path
        if path not in self._known:
            try:
                self._known[path] = path.stat().st_size
            except OSError:
                self._known[path] = -1
        return place.local.offset + place.local.length <= self._known[path]
