"""Who refers to the bytes of a segment: instances, withdrawn ones, refused objects.

The tables carry an index on the part of the key that names the segment, so asking costs the same whatever
the archive holds.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from archive.storage.keys import parse_key
from archive.storage.models import SegmentKey
from archive.studies.models import Instance, RejectedObject, WithdrawnInstance


@dataclass(frozen=True, slots=True)
class Reference:
    """An object of a segment that somebody counts on. `sha256` is empty where no digest was kept."""

    storage_key: str
    size_bytes: int
    sha256: str
    sop_instance_uid: str
    study_instance_uid: str

    @property
    def offset(self) -> int:
        return parse_key(self.storage_key).offset


def references_to(segment: str) -> list[Reference]:
    """Every object in the segment that is referred to, by offset."""
    found = [
        *_of(Instance, segment, "sha256", study="series__study__study_instance_uid"),
        *_of(WithdrawnInstance.objects.filter(purged_at=None), segment, "sha256", study="study_instance_uid"),
        *_of(RejectedObject, segment, None, study=None),
    ]
    return sorted(found, key=lambda reference: reference.offset)


def referred(segments: Collection[str]) -> set[str]:
    """Those of the segments that anything refers to. Three statements, however many."""
    rows = (
        in_segments(table, segments).values_list("in_segment", flat=True).distinct()
        for table in (Instance, WithdrawnInstance.objects.filter(purged_at=None), RejectedObject)
    )
    return {segment for found in rows for segment in found}


def _of(table: Any, segment: str, digest: str | None, *, study: str | None) -> list[Reference]:
    names = ["storage_key", "size_bytes", "sop_instance_uid", *(name for name in (digest, study) if name)]
    return [
        Reference(
            row["storage_key"],
            row["size_bytes"],
            row[digest] if digest else _digest_in(row["storage_key"]),
            row["sop_instance_uid"],
            row[study] if study else "",
        )
        for row in in_segments(table, [segment]).values(*names)
    ]


def in_segments(table: Any, segments: Collection[str]) -> Any:
    """The rows of a table, or of a queryset of it, whose objects lie in these segments, by the index."""
    rows = table if hasattr(table, "filter") else table.objects.all()
    return rows.annotate(in_segment=SegmentKey("storage_key")).filter(in_segment__in=segments)


def _digest_in(key: str) -> str:
    """The digest a loose object is named by."""
    return key.rpartition("/")[2] if parse_key(key).is_loose else ""
