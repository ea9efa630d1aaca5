"""Rows of instances nobody was told of success for: taken back as if they had not come.

A row is committed while the object's bytes are flushed. Where the flush fails, or the machine loses power between
the two, the row is there and the bytes are not. The sender has no answer and sends again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

import structlog

from archive.studies.models import Instance

log = structlog.get_logger(__name__)


def take_back(instance_pks: Collection[int]) -> int:
    """Remove the rows of instances whose bytes never became durable; how many there were."""
    taken, _by_model = Instance.objects.filter(pk__in=instance_pks).delete()
    if taken:
        log.warning("instances.taken_back", count=taken)
    return taken


def take_back_unfinished(storage_key: str, *, before: dt.datetime) -> bool:
    """The same for the instance under a key, if it came before that moment; whether there was one."""
    found = Instance.objects.filter(storage_key=storage_key, received_at__lt=before)
    return bool(take_back(found.values_list("pk", flat=True)))
