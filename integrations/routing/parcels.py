"""Objects made ready to leave: read from the store when their turn comes, changed as the table asks."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from archive.storage.objects import LocalSlice, local_slice, read_object
from archive.studies.models import Instance
from integrations.routing.models import Delivery
from integrations.routing.targets.base import Outgoing, Parcel
from integrations.routing.transforms.pipeline import data_set_offset, leaves_in, transformed


def parcels_for(
    batch: Sequence[Delivery], *, study_instance_uid: str
) -> tuple[list[Parcel], list[tuple[int, str]]]:
    """Parcels in the order given, with one statement; and what cannot be sent any more, with the code why."""
    held = {
        row.sop_instance_uid: row
        for row in Instance.objects.filter(sop_instance_uid__in=[one.sop_instance_uid for one in batch])
    }
    parcels: list[Parcel] = []
    hopeless: list[tuple[int, str]] = []
    for delivery in batch:
        instance = held.get(delivery.sop_instance_uid)
        if instance is None:
            hopeless.append((delivery.pk, "OBJECT_WITHDRAWN"))
            continue
        parcels.append(
            Parcel(
                delivery.pk,
                study_instance_uid,
                delivery.series_instance_uid,
                instance.sop_instance_uid,
                instance.sop_class_uid,
                leaves_in(instance.transfer_syntax_uid, delivery.transforms),
                instance.size_bytes,
                partial(_load, instance, delivery),
                partial(_local, instance, delivery),
            )
        )
    return parcels, hopeless


def _local(instance: Instance, delivery: Delivery) -> LocalSlice | None:
    return None if delivery.transforms else local_slice(instance.storage_key)


def _load(instance: Instance, delivery: Delivery) -> Outgoing:
    data = read_object(instance.storage_key)
    if delivery.transforms:
        return transformed(data, delivery.transforms, at=delivery.queued_at)
    return Outgoing(
        data,
        data_set_offset(data),
        instance.sop_class_uid,
        instance.sop_instance_uid,
        instance.transfer_syntax_uid,
    )
