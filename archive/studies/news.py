"""What the archive tells of studies and series, under the study's own trace."""

from __future__ import annotations

from archive.studies.geometry import Geometry
from archive.studies.models import Series, Study
from events.services import publish
from events.tracing import trace


def announce_study(study: Study, *, modality: str) -> None:
    """Publish StudyReceived in the transaction in hand."""
    with trace(study.trace_id):
        publish(
            "StudyReceived",
            {"site_code": study.site.code, "modality": modality, "match_reason": study.match_reason},
            subjects=_subjects(study),
        )


def announce_series(series: Series, geometry: Geometry) -> None:
    """Publish SeriesComplete in the transaction in hand."""
    study = series.study
    with trace(study.trace_id):
        publish(
            "SeriesComplete",
            {
                "site_code": study.site.code,
                "modality": series.modality,
                "instance_count": geometry.slices,
                "is_thin_slice": series.is_thin_slice,
                "spacing_mm": geometry.spacing_mm,
                "is_derived": series.is_derived,
                "is_localizer": series.is_localizer or geometry.is_mixed,
                "reason": series.completeness_reason,
            },
            subjects={"series": series.series_instance_uid, **_subjects(study)},
        )


def _subjects(study: Study) -> dict[str, str]:
    subjects = {"study": study.study_instance_uid, "patient": str(study.patient.uid)}
    if study.order is not None:
        subjects["order"] = str(study.order.uid)
    return subjects
