"""The metadata of the series of a study, as kept where that is still right."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Count, Max, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from archive.studies.metadata.models import SeriesMetadata
from archive.studies.metadata.packing import FRAME_BYTES, Packed, stored
from archive.studies.metadata.services import Contents, build, is_of, packed_of
from archive.studies.models import Instance, Series

_OPEN, _CLOSE, _COMMA = stored(b"["), stored(b"]"), stored(b",")


@dataclass(frozen=True, slots=True)
class Metadata:
    """An array of the instances' JSON objects, in packed parts."""

    parts: tuple[Packed, ...]
    instances: int
    site_code: str

    @property
    def plain_bytes(self) -> int:
        return sum(part.length for part in self.parts)

    @property
    def packed_bytes(self) -> int:
        """The length of `packing.stream_of` these parts."""
        return FRAME_BYTES + sum(len(part.blocks) for part in self.parts)


def metadata_of(series: QuerySet[Series]) -> Metadata | None:
    """The metadata of these series, one statement where all of it is kept; None of no series.

    Raises  Unavailable, NotFound if it has to be built and objects cannot be had.
    """
    found = list(
        series.order_by("series_number", "pk")
        .select_related("study__site", "metadata")
        .annotate(
            count_now=Coalesce(_of_instances(Count("pk")), 0),
            newest_now=Coalesce(_of_instances(Max("pk")), 0),
            sum_now=Coalesce(_of_instances(Sum("pk")), 0),
        )
    )
    if not found:
        return None
    bodies = [_body(one) for one in found if one.count_now]
    parts = (_OPEN, *_separated(bodies), _CLOSE)
    return Metadata(parts, sum(one.count_now for one in found), found[0].study.site.code)


def _body(series: Series) -> Packed:
    kept: SeriesMetadata | None = getattr(series, "metadata", None)
    now = Contents(
        series.count_now, series.newest_now, int(series.sum_now), series.study.corrected_at  # type: ignore[attr-defined]
    )  # fmt: skip
    return packed_of(kept) if kept is not None and is_of(kept, now) else build(series)


def _of_instances(aggregate: Count | Max | Sum) -> Subquery:
    rows = (
        Instance.objects.filter(series=OuterRef("pk")).order_by().values("series").annotate(found=aggregate)
    )
    return Subquery(rows.values("found"))


def _separated(bodies: list[Packed]) -> Iterator[Packed]:
    for number, body in enumerate(bodies):
        if number:
            yield _COMMA
        yield body
