"""Letting series go when the rule that fits them says so, a few at a time, round and round."""

from __future__ import annotations

import structlog
from django.db import transaction

from accounts.actors import SystemActor
from archive.lifecycle.holds import held_studies
from archive.lifecycle.models import Bookmark, RetentionRule
from archive.lifecycle.policies import DAY, SeriesFacts, fits
from archive.studies.corrections.reasons import ReasonCode
from archive.studies.corrections.withdrawal import withdraw_instances
from archive.studies.models import Series
from common import clock
from common.errors import NotFound

log = structlog.get_logger(__name__)

ACTOR = SystemActor("storage.retention")
BOOKMARK = "retention"


def expire_series(*, limit: int = 500) -> int:
    """Look at the next series in the order they came and withdraw the expired ones; how many were withdrawn."""
    rules = list(RetentionRule.objects.filter(is_enabled=True))
    if not rules:
        return 0
    expired = [series for series in _next(limit) if _is_expired(series, rules)]
    held = held_studies({series.study.study_instance_uid for series in expired}) if expired else set()
    return sum(_withdraw(series) for series in expired if series.study.study_instance_uid not in held)


def keep_days_of(facts: SeriesFacts, rules: list[RetentionRule]) -> int:
    """For how many days the first rule that fits keeps the series; 0 for ever."""
    return next((rule.keep_days for rule in rules if fits(rule, facts)), 0)


def _next(limit: int) -> list[Series]:
    """The series after the bookmark; from the start again when the end is reached."""
    Bookmark.objects.get_or_create(name=BOOKMARK, defaults={"moved_at": clock.now()})
    with transaction.atomic():
        bookmark = Bookmark.objects.select_for_update(skip_locked=True).filter(name=BOOKMARK).first()
        if bookmark is None:
            return []
        series = list(
            Series.objects.filter(pk__gt=bookmark.position).select_related("study").order_by("pk")[:limit]
        )
        bookmark.position = series[-1].pk if len(series) == limit else 0
        bookmark.moved_at = clock.now()
        bookmark.save(update_fields=["position", "moved_at"])
    return series


def _is_expired(series: Series, rules: list[RetentionRule]) -> bool:
    facts = SeriesFacts(
        series.study.site_id,
        series.modality,
        series.is_thin_slice,
        series.is_derived,
        series.first_received_at,
    )
    days = keep_days_of(facts, rules)
    return days > 0 and series.first_received_at + days * DAY <= clock.now()


def _withdraw(series: Series) -> bool:
    try:
        withdraw_instances(reason=ReasonCode.RETENTION_EXPIRED, series=series, actor=ACTOR)
    except NotFound:  # withdrawn meanwhile
        return False
    return True
