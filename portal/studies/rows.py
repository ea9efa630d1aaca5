"""What a row of the list of studies shows, gathered in a fixed number of statements."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Prefetch, QuerySet

from archive.reports.models import Report
from archive.studies.models import Series, Study
from portal.viewer.strip import NO_PICTURES


@dataclass(frozen=True, slots=True)
class StudyRow:
    study: Study
    modalities: str
    series_count: int
    image_count: int
    has_images: bool
    is_receiving: bool
    has_thin_slices: bool
    has_results: bool
    is_reported: bool


def with_rows(studies: QuerySet[Study]) -> QuerySet[Study]:
    """The studies with everything a row shows: three statements whatever their number."""
    series = Series.objects.only(
        "study_id", "modality", "is_derived", "completeness", "is_thin_slice", "geometry"
    )
    final = Report.objects.filter(study=OuterRef("pk"), status__in=("final", "amended"))
    return (
        studies.annotate(is_reported=Exists(final))
        .select_related("site", "patient")
        .prefetch_related("patient__identifiers", Prefetch("series", queryset=series))
    )


def study_rows(studies: Iterable[Study]) -> list[StudyRow]:
    """Rows for studies that came from `with_rows`."""
    return [_row(study) for study in studies]


def _row(study: Study) -> StudyRow:
    series = list(study.series.all())
    acquired = [one for one in series if not one.is_derived]
    return StudyRow(
        study=study,
        modalities=" ".join(sorted({one.modality for one in acquired or series if one.modality})),
        series_count=len(series),
        image_count=sum(one.geometry.get("slices", 0) for one in series),
        has_images=any(one.modality not in NO_PICTURES for one in series),
        is_receiving=any(one.completeness == Series.Completeness.RECEIVING for one in series),
        has_thin_slices=any(one.is_thin_slice for one in acquired),
        has_results=len(acquired) < len(series),
        is_reported=bool(getattr(study, "is_reported", False)),
    )
