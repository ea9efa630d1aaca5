"""Lanes: who may empty one now, for how long, and when it may be tried again.

One sender at a time holds a lane, by a lease that it renews; a sender that dies leaves a lease that runs
out, and the next one goes on where it stopped. A destination that fails is left alone by all its lanes, and
then tried by one sender only; other destinations do not notice. Lanes of urgent studies are taken first, and a
sender that is at a less urgent one leaves it for them.
"""

from __future__ import annotations

import datetime as dt
import random
import uuid
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from common import attempts, clock
from integrations.routing.models import Delivery, Destination, Lane

OPEN = (Delivery.State.WAITING, Delivery.State.SENDING, Delivery.State.FAILED)
LONGEST_WAIT_S = 600.0
SLOWEST_BYTES_PER_S = 256 * 1024


@dataclass(slots=True)
class Claim:
    """A lane in our hands, as long as the lease holds."""

    lane_id: int
    study_instance_uid: str
    lease: uuid.UUID
    lease_until: dt.datetime
    destination: Destination
    urgency: int = Lane.Urgency.ROUTINE


def claim_lane(destination_id: int) -> Claim | None:
    """The most urgent lane of a destination, among equals the one that waited longest; None if none may be taken."""
    now = clock.now()
    with transaction.atomic():
        destination = (
            Destination.objects.select_for_update(of=("self",), no_key=True)
            .select_related("node__site", "site")
            .filter(pk=destination_id, is_enabled=True)
            .first()
        )
        if destination is None or (destination.blocked_until and destination.blocked_until > now):
            return None
        held = Lane.objects.filter(destination=destination, lease_until__gt=now).count()
        if held >= (1 if destination.failures else destination.maximum_senders):
            return None
        lane = (
            Lane.objects.select_for_update(skip_locked=True, no_key=True)
            .filter(attempts.in_nobodys_hands(), destination=destination, next_at__lte=now)
            .order_by("-urgency", "next_at")
            .first()
        )
        if lane is None:
            return None
        lane.lease, lane.lease_until = uuid.uuid4(), now + _lease()
        lane.save(update_fields=["lease", "lease_until"])
        return Claim(
            lane.pk, lane.study_instance_uid, lane.lease, lane.lease_until, destination, lane.urgency
        )


def is_overtaken(claim: Claim) -> bool:
    """Whether a more urgent study waits for the destination, and nobody is at it."""
    waiting = Lane.objects.filter(
        attempts.in_nobodys_hands(),
        destination=claim.destination,
        urgency__gt=claim.urgency,
        next_at__lte=clock.now(),
    )
    return claim.urgency < Lane.Urgency.STAT and waiting.exists()


def renew(claim: Claim, *, size_bytes: int = 0) -> bool:
    """Keep the lane for as long as an object of this size may take; False if it is in other hands.

    Writes only when half of what is needed has run out.
    """
    now = clock.now()
    needed = _lease() + dt.timedelta(seconds=size_bytes / SLOWEST_BYTES_PER_S)
    if claim.lease_until >= now + needed / 2:
        return True
    claim.lease_until = now + needed
    held = Lane.objects.filter(pk=claim.lane_id, lease=claim.lease)
    return bool(held.update(lease_until=claim.lease_until))


def leave(
    claim: Claim, *, wait: dt.timedelta | None = None, error_code: str = "", keeps_place: bool = False
) -> None:
    """Give the lane back: done with, open at once for the next sender, or after a while if it failed.

    One that was overtaken keeps its place among the waiting.
    The lane is locked before it is asked whether anything is open, so that nothing queued meanwhile is missed.
    """
    now = clock.now()
    with transaction.atomic():
        lane = Lane.objects.select_for_update(no_key=True).filter(pk=claim.lane_id, lease=claim.lease).first()
        if lane is None:
            return
        is_open = Delivery.objects.filter(lane=lane, state__in=OPEN).exists()
        lane.lease = lane.lease_until = None
        if not (is_open and keeps_place):
            lane.next_at = now + (wait or dt.timedelta()) if is_open else None
        lane.failures = lane.failures + 1 if error_code else 0
        lane.last_error_code = error_code[:80]
        lane.save(update_fields=["lease", "lease_until", "next_at", "failures", "last_error_code"])


def block(
    destination: Destination, *, error_code: str, until: dt.datetime | None, counts: bool = True
) -> None:
    """Leave a destination alone for a while, longer each time it fails."""
    with transaction.atomic():
        row = Destination.objects.select_for_update(no_key=True).get(pk=destination.pk)
        row.failures += 1 if counts else 0
        row.blocked_until = until or clock.now() + back_off(row.failures)
        row.last_error_code = error_code[:80]
        row.save(update_fields=["failures", "blocked_until", "last_error_code"])


def note_success(destination: Destination) -> None:
    """A destination that takes objects is no longer suspected."""
    Destination.objects.filter(pk=destination.pk).update(
        failures=0, blocked_until=None, last_error_code="", last_sent_at=clock.now()
    )


def destinations_due(*, limit: int = 100) -> list[int]:
    """Destinations that have a lane to be emptied now and are not left alone."""
    now = clock.now()
    due = Lane.objects.filter(attempts.in_nobodys_hands(), destination=OuterRef("pk"), next_at__lte=now)
    free = Q(blocked_until=None) | Q(blocked_until__lte=now)
    waiting = Destination.objects.filter(free, Exists(due), is_enabled=True).order_by("pk")
    return list(waiting.values_list("pk", flat=True)[:limit])


def back_off(failures: int) -> dt.timedelta:
    """2, 4, 8 s ... at most 10 min, give or take a quarter, so that many do not come back at once."""
    wait = attempts.back_off(failures, longest_s=LONGEST_WAIT_S)
    return wait * random.uniform(0.75, 1.25)  # noqa: S311 - no secret


def _lease() -> dt.timedelta:
    return dt.timedelta(seconds=settings.ROUTING_LEASE_SECONDS)
