"""What is known of a series by the names that rules use: headers, measured geometry, order and history.

Where slices lie is measured; the headers that claim it (Slice Thickness, Spacing Between Slices) are no
facts, so a relabelled series goes the same way. No fact tells who the patient is.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.db.models import Count, Sum
from django.utils import timezone
from pydicom.datadict import tag_for_keyword
from pydicom.dataset import Dataset

from archive.studies.fact_catalogue import FACTS, FactType
from archive.studies.models import Series, Study
from archive.studies.priorities import priority_of
from archive.studies.selectors import read_dataset
from common import clock
from common.errors import ServiceError

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_HEADERS = {
    "manufacturer": "Manufacturer",
    "model_name": "ManufacturerModelName",
    "station_name": "StationName",
    "institution_department": "InstitutionalDepartmentName",
    "kernel": "ConvolutionKernel",
    "protocol": "ProtocolName",
    "image_type": "ImageType",
    "contrast_agent": "ContrastBolusAgent",
    "sequence_name": "SequenceName",
    "patient_position": "PatientPosition",
    "laterality": "Laterality",
}


def series_facts_for_routing(series: Series, *, event: str = "SeriesComplete") -> dict[str, Any]:
    """The facts of a series as JSON values, every name of the catalogue present; unknown is null.

    A fact that is a list of texts (image type) keeps the order of the header.
    Four statements, and the head of one object where the index does not keep the headers.
    """
    study = series.study
    local = timezone.localtime(clock.now())
    facts: dict[str, Any] = dict.fromkeys(fact.name for fact in FACTS)
    facts.update(_of_index(series), **_of_instances(series), **_of_order(study), **_of_geometry(series))
    facts.update(_of_headers(series))
    facts.update(
        event=event,
        site=study.site.code,
        priors=_priors(study),
        hour=local.hour,
        weekday=_WEEKDAYS[local.weekday()],
        local_date=local.date().isoformat(),
        local_time=local.time().replace(microsecond=0).isoformat(),
    )
    return {fact.name: facts[fact.name] for fact in FACTS}


def context_of(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Recorded facts as values an expression computes with: decimal numbers, dates and times of day."""
    return {fact.name: _value(fact.type, facts.get(fact.name)) for fact in FACTS}


def _of_index(series: Series) -> dict[str, Any]:
    study = series.study
    return {
        "modality": series.modality,
        "calling_ae": series.calling_ae_title,
        "body_part": series.body_part_examined,
        "description": series.series_description,
        "study_description": study.study_description,
        "is_derived": series.is_derived,
        "is_localizer": series.is_localizer,
        "is_thin_slice": series.is_thin_slice,
        "completeness_reason": series.completeness_reason,
    }


def _of_instances(series: Series) -> dict[str, Any]:
    kinds = list(
        series.instances.order_by()
        .values("sop_class_uid", "transfer_syntax_uid")
        .annotate(count=Count("pk"), frames=Sum("number_of_frames"), size=Sum("size_bytes"))
        .order_by("-count", "sop_class_uid", "transfer_syntax_uid")
    )
    size = sum(kind["size"] for kind in kinds)
    return {
        "sop_class": kinds[0]["sop_class_uid"] if kinds else "",
        "transfer_syntax": kinds[0]["transfer_syntax_uid"] if kinds else "",
        "instance_count": sum(kind["count"] for kind in kinds),
        "frame_count": sum(kind["frames"] for kind in kinds),
        "size_mb": round(size / 1_000_000, 3),
    }


def _of_order(study: Study) -> dict[str, Any]:
    order = study.order
    priority = priority_of(study)
    if order is None:
        return {"has_order": False, "priority": str(priority) if priority else None}
    return {
        "has_order": True,
        "service": order.service,
        "priority": order.priority,
        "procedure_code": order.procedure_code,
    }


def _of_geometry(series: Series) -> dict[str, Any]:
    measured = series.geometry
    pixel = measured.get("pixel_spacing_mm") or [None, None]
    return {
        "spacing_mm": measured.get("spacing_mm"),
        "pixel_spacing_mm": pixel[0],
        "coverage_mm": measured.get("extent_mm"),
        "gaps": measured.get("gaps"),
        "missing_slices": measured.get("missing_slices"),
        "overlaps": measured.get("overlaps"),
        "duplicates": measured.get("duplicates"),
        "tilt_degrees": measured.get("tilt_degrees"),
        "orientation": measured.get("orientation"),
        "phases": measured.get("phases"),
        "positions": measured.get("positions"),
        "incomplete_positions": measured.get("incomplete_positions"),
        "largest_gap_mm": measured.get("largest_gap_mm"),
        "stacks": len(measured["stacks"]) if "stacks" in measured else None,
        "is_mixed": measured.get("is_mixed"),
        "is_volume": measured.get("is_volume"),
    }


def _of_headers(series: Series) -> dict[str, Any]:
    """As the index keeps them; from the head of an object for a series that came before it kept them."""
    known = {**series.study.attributes, **series.attributes}
    dataset = None if known else _head(series)
    facts: dict[str, Any] = {}
    for name, keyword in _HEADERS.items():
        texts = _texts(dataset, keyword) if dataset is not None else _kept(known, keyword)
        facts[name] = texts if name == "image_type" else "\\".join(texts)
    return facts


def _kept(known: Mapping[str, Any], keyword: str) -> list[str]:
    """The values of an element in DICOM JSON (PS3.18 §F.2.2)."""
    element = known.get(f"{tag_for_keyword(keyword) or 0:08X}") or {}
    return [str(value) for value in element.get("Value", []) if value is not None]


def _texts(dataset: Dataset, keyword: str) -> list[str]:
    value = dataset.get(keyword)
    if value is None or value == "":
        return []
    return [str(value)] if isinstance(value, str) else [str(part) for part in value]


def _head(series: Series) -> Dataset:
    """The header of one stored instance; an empty one if its bytes are out of reach just now."""
    first = series.instances.order_by("instance_number", "pk").first()
    if first is None:
        return Dataset()
    try:
        return read_dataset(first, stop_before_pixels=True)
    except (ServiceError, OSError, ValueError, EOFError):
        return Dataset()


def _priors(study: Study) -> int:
    """Other studies of the patient that are here."""
    return Study.objects.filter(patient_id=study.patient_id).exclude(pk=study.pk).count()


def _value(kind: FactType, value: Any) -> Any:
    if value is None:
        return None
    if kind is FactType.NUMBER:
        return Decimal(str(value))
    if kind is FactType.DATE:
        return dt.date.fromisoformat(value)
    if kind is FactType.TIME:
        return dt.time.fromisoformat(value)
    return value
