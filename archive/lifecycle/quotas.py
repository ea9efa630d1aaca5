"""How much a site may store: counted by a duty, asked at the door, warned of before it is reached."""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass

import structlog
from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext as _

from accounts.actors import Actor
from accounts.audit import record_audit
from accounts.models import Site
from archive.lifecycle.access import manageable_site
from archive.lifecycle.models import SiteQuota
from archive.storage.models import Segment
from common import clock
from common.errors import InvalidInput, Unavailable
from events.services import publish

log = structlog.get_logger(__name__)

WARN_AT_PERCENT = (80, 95)
ASKED_EVERY_S = 10.0


@dataclass(slots=True)
class _Known:
    """What this process knows of a site's quota; `added_bytes` came since by this process itself."""

    limit_bytes: int | None
    used_bytes: int
    asked_at: float
    added_bytes: int = 0


_known: dict[int, _Known] = {}


def check_quota(site: Site, size_bytes: int) -> None:
    """Raises  Unavailable STORAGE_QUOTA if the site has used up what it may store.

    Asked before every object, so the database is asked every ten seconds only; what other processes store
    meanwhile may go over the limit by as much.
    """
    known = _known.get(site.pk)
    if known is None or time.monotonic() - known.asked_at > ASKED_EVERY_S:
        known = _known[site.pk] = _ask(site)
    if known.limit_bytes is None:
        return
    if known.used_bytes + known.added_bytes + size_bytes > known.limit_bytes:
        raise Unavailable("The storage quota of the site is used up", code="STORAGE_QUOTA")
    known.added_bytes += size_bytes


def set_quota(site: Site, *, limit_bytes: int, actor: Actor) -> SiteQuota:
    """Give a site a quota, or change it. Raises NotPermitted; InvalidInput for a limit that is none."""
    manageable_site(site, actor)
    if limit_bytes <= 0:
        raise InvalidInput(_("A quota is a number of bytes above zero."), code="BAD_QUOTA")
    with transaction.atomic():
        quota, _made = SiteQuota.objects.update_or_create(site=site, defaults={"limit_bytes": limit_bytes})
        record_audit(
            actor, "quota.set", object_kind="site", object_uid=site.code, site_code=site.code,
            limit_bytes=limit_bytes,
        )  # fmt: skip
        _count(quota)
    forget_quotas()
    return quota


def lift_quota(site: Site, *, actor: Actor) -> None:
    """Let a site store without a limit."""
    manageable_site(site, actor)
    with transaction.atomic():
        SiteQuota.objects.filter(site=site).delete()
        record_audit(actor, "quota.lifted", object_kind="site", object_uid=site.code, site_code=site.code)
    forget_quotas()


def count_quotas() -> int:
    """Count what each site with a quota uses; how many. A warning is told once as each mark is passed."""
    quotas = SiteQuota.objects.select_related("site").order_by("pk")
    for quota in quotas:
        with transaction.atomic():
            _count(quota)
    return len(quotas)


def forget_quotas() -> None:
    """Have the database asked again before the next object."""
    _known.clear()


def used_bytes(site: Site) -> int:
    """What the site's objects take, each counted once however many copies there are."""
    held = Segment.objects.filter(site=site, purge_at=None).aggregate(total=Sum("size_bytes"))
    return int(held["total"] or 0)


def used_bytes_of(sites: Collection[Site]) -> dict[int, int]:
    """What each site's objects take, by its key. One statement."""
    rows = Segment.objects.filter(site__in=sites, purge_at=None).values_list("site_id")
    return dict(rows.annotate(total=Sum("size_bytes")).values_list("site_id", "total"))


def _count(quota: SiteQuota) -> None:
    quota.used_bytes, quota.counted_at = used_bytes(quota.site), clock.now()
    percent = 100 * quota.used_bytes // quota.limit_bytes
    passed = max((mark for mark in WARN_AT_PERCENT if percent >= mark), default=0)
    if passed > quota.warned_percent:
        publish("StorageQuotaNear", {"site_code": quota.site.code, "percent": percent})
        log.warning("quota.near", site_code=quota.site.code, percent=percent)
    quota.warned_percent = passed
    quota.save(update_fields=["used_bytes", "counted_at", "warned_percent"])


def _ask(site: Site) -> _Known:
    row = SiteQuota.objects.filter(site=site).values_list("limit_bytes", "used_bytes").first()
    limit_bytes, used = row or (None, 0)
    return _Known(limit_bytes, used, time.monotonic())
