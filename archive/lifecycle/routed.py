"""The door through which routing places a series on a tier of storage; the bytes follow as for any rule."""

from __future__ import annotations

import uuid

from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.models import Site
from archive.lifecycle.models import RoutedTier
from archive.lifecycle.volumes import default_volume
from archive.storage.models import Segment, Tier, Volume
from archive.studies.models import Series
from common import clock
from common.errors import Conflict, InvalidInput


def check_tier(tier: str, *, site: Site | None) -> None:
    """Return if series of the site can lie on this tier; of no site: those of every site.

    Raises  InvalidInput for a tier there is not; Conflict for one without a volume, whatever its state.
    """
    if tier not in Tier.values:
        raise InvalidInput(
            _("There is no storage tier named %(name)s: hot, warm and cold are.") % {"name": tier},
            code="STORAGE_TIER_UNKNOWN",
        )
    default_volume()  # its row is there from now on
    serving = Q(site=None) if site is None else Q(site=None) | Q(site=site)
    if not Volume.objects.filter(serving, tier=tier).exists():
        raise Conflict(
            _("No volume is on the storage tier %(name)s.") % {"name": tier},
            code="STORAGE_TIER_WITHOUT_VOLUME",
        )


def place_series(series: Series, *, tier: str, cause: uuid.UUID) -> bool:
    """Have a series lie on this tier from now on; whether that is news.

    Said again, nothing changes. The move itself is a duty's: it copies, verifies, and only then gives up the
    old copy, and goes on where it stopped. Raises as `check_tier`.
    """
    check_tier(tier, site=series.study.site)
    uid = series.series_instance_uid
    known = RoutedTier.objects.select_for_update().filter(series_instance_uid=uid).first()
    if known is not None and known.tier == tier:
        return False
    RoutedTier.objects.update_or_create(
        series_instance_uid=uid, defaults={"tier": tier, "cause": cause, "routed_at": clock.now()}
    )
    Segment.objects.filter(series_instance_uid=uid).update(place_at=clock.now())
    return True
