"""Writing a complete series anew as one segment in slice order, so that whoever reads it reads one file forwards."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Sequence

import structlog
from django.conf import settings
from django.db import transaction

from archive.lifecycle.models import SeriesPacking
from archive.lifecycle.rewriting import Move, write_anew
from archive.storage.keys import parse_key
from archive.storage.models import Segment
from archive.storage.objects import read_object
from archive.studies.models import Instance, Series
from archive.studies.selectors import series_instances_in_order
from common import clock
from common.errors import ServiceError

log = structlog.get_logger(__name__)

LEASE = dt.timedelta(minutes=15)
SETTLED_AFTER = dt.timedelta(seconds=30)  # a series just judged may get late instances
TRIED_AT_MOST = 8


def note_complete_series(series_instance_uid: str) -> None:
    """Have a complete series looked at soon; once more if it was complete before."""
    due_at = clock.now() + SETTLED_AFTER
    SeriesPacking.objects.update_or_create(
        series_instance_uid=series_instance_uid, defaults={"due_at": due_at, "attempts": 0, "problem": ""}
    )


def pack_due(*, limit: int = 20) -> int:
    """Pack the series that are due; how many were looked at."""
    done = 0
    while done < limit and (packing := _claim()) is not None:
        done += 1
        try:
            pack_series(packing.series_instance_uid)
        except ServiceError as error:
            _put_off(packing, error)
        else:
            SeriesPacking.objects.filter(pk=packing.pk, due_at=packing.due_at).delete()
    return done


def pack_series(series_instance_uid: str) -> Segment | None:
    """Write the series as one segment, if it is of a kind to be packed and is not packed yet.

    Raises  Unavailable if an object cannot be read, is damaged, or the volume does not take the segment;
            everything is then as it was before.
    """
    series = Series.objects.select_related("study").filter(series_instance_uid=series_instance_uid).first()
    if series is None or not is_wanted(series):
        return None
    instances = series_instances_in_order(series)
    if is_packed([instance.storage_key for instance in instances]):
        return None
    moves = [Move(Instance, row.pk, row.storage_key, row.sha256) for row in instances]
    segment = write_anew(series, moves, read_object)
    log.info("series.packed", series_instance_uid=series_instance_uid, objects=len(instances))
    return segment


def is_wanted(series: Series) -> bool:
    """Whether the series is complete and of a kind that STORAGE_PACK names."""
    if series.completeness != Series.Completeness.COMPLETE or settings.STORAGE_PACK == "none":
        return False
    return settings.STORAGE_PACK == "all" or bool(series.is_thin_slice)


def is_packed(keys_in_order: Sequence[str]) -> bool:
    """Whether reading the objects in this order reads one segment forwards."""
    places = [parse_key(key) for key in keys_in_order]
    if len(places) < 2:
        return True
    if len({place.segment for place in places}) > 1:
        return False
    offsets = [place.offset for place in places]
    return all(here < there for here, there in itertools.pairwise(offsets))


def _claim() -> SeriesPacking | None:
    with transaction.atomic():
        packing = (
            SeriesPacking.objects.filter(due_at__lte=clock.now())
            .order_by("due_at")
            .select_for_update(skip_locked=True)
            .first()
        )
        if packing is not None:
            packing.due_at = clock.now() + LEASE
            packing.save(update_fields=["due_at"])
    return packing


def _put_off(packing: SeriesPacking, error: ServiceError) -> None:
    packing.attempts += 1
    log.warning("series.not_packed", series_instance_uid=packing.series_instance_uid, code=error.code)
    if packing.attempts >= TRIED_AT_MOST:
        packing.delete()
        return
    packing.due_at, packing.problem = clock.now() + dt.timedelta(minutes=2**packing.attempts), error.code
    packing.save(update_fields=["due_at", "attempts", "problem"])
