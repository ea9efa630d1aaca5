"""The volumes bytes may lie on, and which of them a segment is to go to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.conf import settings
from django.db import IntegrityError, transaction

from archive.storage.backends import default_storage, store_at
from archive.storage.models import Segment, Volume
from archive.storage.volumes.base import Store
from common import clock


def default_volume() -> Volume:
    """The volume of STORAGE_URL; its row is made when it is first asked for."""
    url = default_storage().url
    volume = Volume.objects.filter(url=url).first()
    if volume is not None:
        return volume
    taken = set(Volume.objects.values_list("name", flat=True))
    names = (name for name in ["default", *(f"default-{number}" for number in range(1, 1000))])
    name = next(name for name in names if name not in taken)
    try:
        with transaction.atomic():
            return Volume.objects.create(name=name, url=url, created_at=clock.now())
    except IntegrityError:  # another process was quicker
        return Volume.objects.get(url=url)


def store_of(volume: Volume) -> Store:
    """Where the volume's bytes are. Raises InvalidInput for a URL of a kind this build does not speak."""
    return store_at(volume.url)


def takes_new_bytes(volume: Volume) -> bool:
    return volume.state == Volume.State.ONLINE


def candidates(segment: Segment, volumes: Iterable[Volume], *, tier: str) -> list[Volume]:
    """The volumes of the tier that may take the segment: the site's own first, and the same every time.

    Between equals the segment's number decides, which spreads segments evenly.
    """
    fit = [
        volume
        for volume in volumes
        if volume.tier == tier
        and takes_new_bytes(volume)
        and (volume.site_id is None or volume.site_id == segment.site_id)
    ]
    return sorted(fit, key=lambda volume: (volume.site_id is None, *_turn(segment, volume, len(fit))))


def _turn(segment: Segment, volume: Volume, count: int) -> Sequence[int]:
    is_default = volume.url == str(settings.STORAGE_URL)
    return (not is_default, (volume.pk + segment.pk) % count, volume.pk)
