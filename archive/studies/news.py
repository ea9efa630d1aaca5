"""What the archive tells of studies and series, under the study's own trace."""

from __future__ import annotations

from archive.studies.corrections.models import Correction
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
                "is_localizer": geometry.is_scattered if geometry.is_mixed else series.is_localizer,
                "reason": series.completeness_reason,
            },
            subjects={"series": series.series_instance_uid, **_subjects(study)},
        )


def announce_key_objects(series: Series, sop_instance_uid: str, *, said_by: str) -> None:
    """Publish KeyObjectsReceived in the transaction in hand: a document that may reject what it names."""
    study = series.study
    with trace(study.trace_id):
        publish(
            "KeyObjectsReceived",
            {"site_code": study.site.code, "sop_instance_uid": sop_instance_uid, "ae_title": said_by},
            subjects={"series": series.series_instance_uid, **_subjects(study)},
        )


def announce_withdrawn(study: Study, correction: Correction) -> None:
    """Publish InstancesWithdrawn in the transaction in hand."""
    _announce_correction("InstancesWithdrawn", study, correction)


def announce_restored(study: Study, correction: Correction) -> None:
    """Publish InstancesRestored in the transaction in hand."""
    _announce_correction("InstancesRestored", study, correction)


def announce_corrected(study: Study, correction: Correction) -> None:
    """Publish StudyCorrected in the transaction in hand: the study's patient, order or series are others now."""
    _announce_correction("StudyCorrected", study, correction)


def _announce_correction(name: str, study: Study, correction: Correction) -> None:
    with trace(study.trace_id):
        publish(
            name,
            {
                "site_code": study.site.code,
                "correction": str(correction.uid),
                "kind": correction.kind,
                "reason_code": correction.reason,
                "instance_count": correction.instance_count,
                "is_undone": correction.undone_at is not None,
            },
            subjects=_subjects(study),
        )


def _subjects(study: Study) -> dict[str, str]:
    subjects = {"study": study.study_instance_uid, "patient": str(study.patient.uid)}
    if study.order is not None:
        subjects["order"] = str(study.order.uid)
    return subjects
