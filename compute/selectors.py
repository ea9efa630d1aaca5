"""Jobs as callers may see them, and what the library offers for a series."""

from __future__ import annotations

from django.db.models import QuerySet

from accounts.actors import Actor
from archive.studies.models import Series
from archive.studies.selectors import visible_studies
from compute.models import Job
from compute.templates.library import Fit, SeriesFacts, templates_for


def visible_jobs(actor: Actor) -> QuerySet[Job]:
    """Jobs on the studies the actor may see."""
    return Job.objects.filter(
        study_instance_uid__in=visible_studies(actor).values("study_instance_uid")
    ).order_by("-submitted_at", "-pk")


def series_facts(series: Series) -> SeriesFacts:
    """What template predicates ask of a series, from the index alone."""
    first = series.instances.only("rows", "columns").first()
    geometry = series.geometry or {}
    return SeriesFacts(
        modality=series.modality,
        slices=int(geometry.get("slices") or series.instances.count()),
        rows=(first.rows if first else None) or 0,
        columns=(first.columns if first else None) or 0,
        is_volume=bool(geometry.get("is_volume")),
        is_derived=series.is_derived,
        is_complete=series.completeness == Series.Completeness.COMPLETE,
        geometry_reason=str(geometry.get("reason", "")),
    )


def templates_fitting(series: Series) -> list[Fit]:
    """Every template, with the reasons against it for this series."""
    return templates_for(series_facts(series))
