"""Studies, series and instances as callers may see them."""

from __future__ import annotations

from collections.abc import Callable
from typing import BinaryIO, Protocol, TypeVar

from django.db.models import Exists, OuterRef, Q, QuerySet
from pydicom import dcmread
from pydicom.dataset import Dataset

from accounts.actors import Actor, SystemActor
from accounts.models import AccessGrant, Site
from accounts.privileges import Asker, Privilege, is_granted, roles_with, sites_where
from archive.storage.objects import open_object
from archive.studies.geometry import Slice, order_along_normal
from archive.studies.models import Instance, RejectedObject, Series, Study
from common.errors import NotFound

T = TypeVar("T")


def visible_studies(actor: Asker) -> QuerySet[Study]:
    """Studies of the sites where the actor may view studies, and those granted to the actor by a case.

    A `Slot` for the actor makes a query that is put together once, for whoever asks.
    """
    if isinstance(actor, SystemActor):
        return Study.objects.all()
    return Study.objects.filter(Q(site__in=sites_where(actor, Privilege.VIEW_STUDIES)) | is_granted(actor))


def studies_of_site(site: Site) -> QuerySet[Study]:
    """What the nodes of a site may find and retrieve: its own studies, and those shared with it in a case."""
    shared = AccessGrant.objects.filter(
        site=site,
        revoked_at=None,
        role__in=roles_with(Privilege.VIEW_STUDIES),
        study_instance_uid=OuterRef("study_instance_uid"),
    )
    return Study.objects.filter(Q(site=site) | Exists(shared))


def visible_series(actor: Actor) -> QuerySet[Series]:
    """The series of the studies the actor may see."""
    return Series.objects.filter(study__in=visible_studies(actor))


def visible_rejected_objects(actor: Actor) -> QuerySet[RejectedObject]:
    """Refused objects of the sites whose messages the actor may see.

    One that no site could be named for is shown to whoever may see messages anywhere.
    """
    sites = sites_where(actor, Privilege.VIEW_MESSAGES)
    nobodys = Q(site=None) if sites.exists() else Q(pk__in=[])
    return RejectedObject.objects.filter(Q(site__in=sites) | nobodys)


def series_instances_in_order(series: Series) -> list[Instance]:
    """The instances along the slice normal; by instance number where they carry no positions."""
    instances = list(series.instances.order_by("instance_number", "pk"))
    order = order_along_normal([Slice(item.image_position, item.image_orientation) for item in instances])
    return [instances[index] for index in order]


def read_dataset(instance: Instance, *, stop_before_pixels: bool = False) -> Dataset:
    """The stored object, parsed. Raises NotFound if the bytes are gone."""
    with open_instance(instance) as file:
        return dcmread(file, stop_before_pixels=stop_before_pixels, force=True)


def open_instance(instance: Instance) -> BinaryIO:
    """The stored object's bytes. Raises as `with_stored`."""
    return with_stored(instance, open_object)


class Stored(Protocol):
    """An instance as far as it tells where its bytes lie."""

    @property
    def pk(self) -> int: ...
    @property
    def storage_key(self) -> str: ...


def with_stored(instance: Stored, act: Callable[[str], T]) -> T:
    """What `act` makes of the instance's storage key. A row read before its series was packed is looked up again once.

    Raises  NotFound if the bytes are gone; Unavailable if they cannot be had now.
    """
    try:
        return act(instance.storage_key)
    except NotFound:
        key = Instance.objects.filter(pk=instance.pk).values_list("storage_key", flat=True).first()
        if key is None or key == instance.storage_key:
            raise
        return act(key)
