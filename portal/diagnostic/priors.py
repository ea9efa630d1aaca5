"""Which earlier study hangs beside one that is opened."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Q

from accounts.actors import Actor
from archive.studies.models import Series, Study
from archive.studies.selectors import visible_studies

CONSIDERED = 50


@dataclass(frozen=True, slots=True)
class _Kind:
    """What two studies are compared by."""

    modalities: frozenset[str]
    body_parts: frozenset[str]


def prior_beside(actor: Actor, study: Study) -> Study | None:
    """The earlier study of the patient most like this one: body part, then modality, then the latest.

    Only one with a modality in common is hung by itself; the others are a click away in the viewer's list.
    Two statements.
    """
    earlier = _earlier(actor, study)
    kinds = _kinds([study, *earlier])
    own = kinds[study.pk]
    alike = [one for one in earlier if kinds[one.pk].modalities & own.modalities]
    return max(alike, key=lambda one: _likeness(one, kinds[one.pk], own), default=None)


def _earlier(actor: Actor, study: Study) -> list[Study]:
    studies = visible_studies(actor).filter(patient=study.patient_id).exclude(pk=study.pk)
    is_earlier = Q(received_at__lt=study.received_at)
    if study.study_date:
        is_earlier = Q(study_date__lte=study.study_date) | Q(study_date=None) & is_earlier
    return list(studies.filter(is_earlier).order_by("-study_date", "-received_at")[:CONSIDERED])


def _kinds(studies: list[Study]) -> dict[int, _Kind]:
    pictured = (
        Series.objects.filter(study__in=studies, is_localizer=False, instances__rows__gt=0)
        .values_list("study_id")
        .annotate(
            modalities=ArrayAgg("modality", distinct=True),
            body_parts=ArrayAgg("body_part_examined", distinct=True),
        )
    )
    nothing = _Kind(frozenset(), frozenset())
    found = {pk: _Kind(frozenset(m) - {""}, frozenset(b) - {""}) for pk, m, b in pictured}
    return {study.pk: found.get(study.pk, nothing) for study in studies}


def _likeness(study: Study, kind: _Kind, own: _Kind) -> tuple[int, int, dt.date, dt.datetime]:
    return (
        len(kind.body_parts & own.body_parts),
        len(kind.modalities & own.modalities),
        study.study_date or dt.date.min,
        study.received_at,
    )
