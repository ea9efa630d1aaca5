"""Objects made ready to leave: read from the store when their turn comes, changed as the table asks.

One of a corrected study gets its new identity first, so that whatever the table asks for is done to that.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import structlog
from django.db.models import Count, F, Sum

from archive.deidentification.services import Siblings
from archive.storage.objects import LocalSlice, local_slice, read_object
from archive.studies.models import Instance
from archive.studies.outgoing import Identity, coerced, identities_of
from archive.studies.selectors import with_stored
from common.errors import InvalidInput, ServiceError
from integrations.routing.corrections import WITHDRAWN
from integrations.routing.models import Delivery
from integrations.routing.targets.base import Outgoing, Parcel
from integrations.routing.transforms.deidentification import needs_siblings
from integrations.routing.transforms.pipeline import data_set_offset, leaves_in, transformed

log = structlog.get_logger(__name__)


def parcels_for(
    batch: Sequence[Delivery], *, study_instance_uid: str
) -> tuple[list[Parcel], list[tuple[int, str]]]:
    """Parcels in the order given, and what cannot be sent any more, with the code why.

    One statement; two more where the study was corrected.
    """
    found = Instance.objects.filter(sop_instance_uid__in=[one.sop_instance_uid for one in batch]).annotate(
        study_id=F("series__study_id"), corrected_at=F("series__study__corrected_at")
    )
    held = {row.sop_instance_uid: row for row in found}
    identities = identities_of({row.study_id for row in held.values() if row.corrected_at is not None})
    parcels: list[Parcel] = []
    hopeless: list[tuple[int, str]] = []
    for delivery in batch:
        instance = held.get(delivery.sop_instance_uid)
        if instance is None:
            hopeless.append((delivery.pk, WITHDRAWN))
            continue
        identity = identities.get(instance.study_id)
        parcels.append(
            Parcel(
                delivery.pk,
                study_instance_uid,
                delivery.series_instance_uid,
                instance.sop_instance_uid,
                instance.sop_class_uid,
                leaves_in(instance.transfer_syntax_uid, delivery.transforms),
                instance.size_bytes,
                partial(_load, instance, delivery, identity),
                partial(_local, instance, delivery, identity),
            )
        )
    return parcels, hopeless


def _local(instance: Instance, delivery: Delivery, identity: Identity | None) -> LocalSlice | None:
    return None if delivery.transforms or identity is not None else with_stored(instance, local_slice)


def _load(instance: Instance, delivery: Delivery, identity: Identity | None) -> Outgoing:
    data = coerced(with_stored(instance, read_object), identity)
    if delivery.transforms:
        return _changed(data, delivery, instance)
    return Outgoing(
        data,
        data_set_offset(data),
        instance.sop_class_uid,
        instance.sop_instance_uid,
        instance.transfer_syntax_uid,
    )


def _changed(data: bytes, delivery: Delivery, instance: Instance) -> Outgoing:
    """The object as the table asks for it. A defect of ours spares the objects after it, and the receiver."""
    try:
        siblings = siblings_of(instance) if needs_siblings(delivery.transforms) else None
        return transformed(data, delivery.transforms, at=delivery.queued_at, siblings=siblings)
    except ServiceError:
        raise
    except Exception as error:
        log.exception("routing.transform_defect", sop_instance_uid=delivery.sop_instance_uid)
        raise InvalidInput("The object cannot be changed as asked", code="TRANSFORM_FAILED") from error


def siblings_of(instance: Instance) -> Siblings:
    """The objects of an instance's series as they are stored; by another key once there are others."""
    series = Instance.objects.filter(series_id=instance.series_id)
    sums = series.aggregate(count=Count("pk"), total=Sum("pk"))

    def load() -> Iterator[bytes]:
        for sibling in series.order_by("pk").only("storage_key"):
            yield with_stored(sibling, read_object)

    return Siblings(f"{instance.series_id}:{sums['count']}:{sums['total']}", load)
