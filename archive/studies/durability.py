"""Whether instances are really kept: indexed, and their bytes on a volume in full.

Reference  PS3.4 §J.1 (to commit is to be able to give the instances back), PS3.3 §C.14.1.1 (failure reasons)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice

from django.db.models import Q

from accounts.models import Site
from archive.storage.keys import parse_key
from archive.storage.objects import Place, locate
from archive.studies.models import Instance

NO_SUCH_INSTANCE = 0x0112
CLASS_CONFLICT = 0x0119
PROCESSING_FAILURE = 0x0110
_AT_ONCE = 1000

Reference = tuple[str, str]
Failure = tuple[str, str, int]


def not_kept(references: Sequence[Reference], *, site: Site, sent_by: str) -> list[Failure]:
    """Those of the references (SOP Class and Instance UID) that are not kept, each with the reason.

    What another site sent and this sender did not counts as absent. The digest of what lies on a volume is the
    scrubber's affair; here every byte's place is looked at: that it exists and is as long as it was received.
    Raises  Unavailable if the volumes cannot be asked now.
    """
    failures: list[Failure] = []
    for batch in _batches(references):
        held = {
            instance.sop_instance_uid: instance
            for instance in Instance.objects.filter(
                Q(series__study__site=site) | Q(series__calling_ae_title=sent_by),
                sop_instance_uid__in=[uid for _, uid in batch],
            ).only("sop_instance_uid", "sop_class_uid", "storage_key", "size_bytes")
        }
        places = locate([instance.storage_key for instance in held.values()])
        sizes: dict[tuple[str, str], int] = {}
        for sop_class_uid, uid in batch:
            reason = _reason(sop_class_uid, held.get(uid), places, sizes)
            if reason:
                failures.append((sop_class_uid, uid, reason))
    return failures


def _reason(
    sop_class_uid: str, instance: Instance | None, places: dict[str, Place], sizes: dict[tuple[str, str], int]
) -> int:
    if instance is None:
        return NO_SUCH_INSTANCE
    if instance.sop_class_uid != sop_class_uid:
        return CLASS_CONFLICT
    place = places.get(instance.storage_key)
    return 0 if place is not None and _is_whole(instance, place, sizes) else PROCESSING_FAILURE


def _is_whole(instance: Instance, place: Place, sizes: dict[tuple[str, str], int]) -> bool:
    key = parse_key(instance.storage_key)
    known_as = (place.store.url, key.segment)
    if known_as not in sizes:
        sizes[known_as] = place.store.size(key.segment)
    if key.is_loose:
        return sizes[known_as] == instance.size_bytes
    return key.length == instance.size_bytes and sizes[known_as] >= (key.offset or 0) + (key.length or 0)


def _batches(references: Iterable[Reference]) -> Iterable[list[Reference]]:
    left = iter(references)
    while batch := list(islice(left, _AT_ONCE)):
        yield batch
