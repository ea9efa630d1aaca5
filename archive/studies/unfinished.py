"""Rows of instances nobody was told of success for: taken back as if they had not come.

A row is committed while the object's bytes are written and flushed. Where that fails, the process is killed or the
machine loses power, the row may be there and the bytes not. The sender has no answer and sends again.

Only the last object of a writer that died can be such a one. Whatever else is wrong with stored bytes is damage,
for the scrubber to tell.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import time
from collections.abc import Collection
from pathlib import Path

import structlog

from archive.storage.keys import parse_key
from archive.storage.models import Segment
from archive.storage.objects import flush_object, is_being_written, read_object
from archive.storage.volumes.base import Store
from archive.studies.models import Instance
from common.errors import NotFound, Unavailable

log = structlog.get_logger(__name__)

WAITED_FOR_S = 1.0
_LOOKED_EVERY_S = 0.005


def take_back(instance_pks: Collection[int]) -> int:
    """Remove the rows of instances whose bytes never became durable; how many there were."""
    taken, _by_model = Instance.objects.filter(pk__in=instance_pks).delete()
    if taken:
        log.warning("instances.taken_back", count=taken)
    return taken


def take_back_unfinished(store: Store, storage_key: str) -> bool:
    """Take back the last object of a dead writer if its bytes are not in the store; whether that was so."""
    where = parse_key(storage_key)
    unfinished = Instance.objects.filter(storage_key=storage_key)
    try:
        if store.size(where.segment) >= where.offset + (where.length or 0):
            digest = hashlib.sha256(store.read(where)).hexdigest()
            unfinished = unfinished.filter(received_at__lt=_machine_started_at()).exclude(sha256=digest)
    except NotFound:
        return False  # the whole file is gone, and its name was on the disk before its first row
    return bool(take_back(unfinished.values_list("pk", flat=True)))


def settle(instance: Instance) -> bool:
    """Have the bytes of an instance that came before on the disk; False if they never will be, and it was taken back.

    Who writes them now is waited for.
    Raises  Unavailable if that takes too long, or the store cannot be asked; NotFound if the bytes were there and
            are there no more.
    """
    give_up_at = time.monotonic() + WAITED_FOR_S
    while True:
        writing = is_being_written(instance.storage_key)
        try:
            flush_object(instance.storage_key)
            break
        except NotFound:
            if not writing:
                return _settle_missing(instance)
        if time.monotonic() > give_up_at:
            raise Unavailable("The same object is just being stored", code="OBJECT_IN_OTHER_HANDS")
        time.sleep(_LOOKED_EVERY_S)
    return writing or not _is_lost_with_the_machine(instance)


def _settle_missing(instance: Instance) -> bool:
    if not _is_open(instance.storage_key):
        raise NotFound("The bytes of the object are missing", code="OBJECT_MISSING")
    take_back([instance.pk])
    return False


def _is_lost_with_the_machine(instance: Instance) -> bool:
    """Whether a machine that stopped lost the bytes on their way to the disk; the row is then taken back."""
    if instance.received_at >= _machine_started_at() or not _is_open(instance.storage_key):
        return False
    if hashlib.sha256(read_object(instance.storage_key)).hexdigest() == instance.sha256:
        return False
    return bool(take_back([instance.pk]))


def _is_open(storage_key: str) -> bool:
    """Whether nobody has ended the object's segment yet."""
    return Segment.objects.filter(key=parse_key(storage_key).segment, sealed_at=None).exists()


def _machine_started_at() -> dt.datetime:
    """By proc(5), /proc/stat."""
    lines = Path("/proc/stat").read_text(encoding="ascii").splitlines()
    (started,) = [line.split()[1] for line in lines if line.startswith("btime ")]
    return dt.datetime.fromtimestamp(int(started), dt.UTC)
