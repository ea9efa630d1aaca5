"""What pages and REST show of storage: the state of scrubbing, moves under way, findings, what was deleted."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Count, Min, Q, QuerySet, Sum

from accounts.actors import Actor
from archive.lifecycle.access import managed_sites
from archive.lifecycle.models import ScrubFinding
from archive.lifecycle.scrubbing import not_read_lately
from archive.storage.models import Segment, SegmentCopy, Volume
from archive.storage.seaweedfs import Topology, topology
from archive.studies.corrections.reasons import ReasonCode
from archive.studies.models import Correction
from common import clock
from common.errors import Unavailable

_PASSING = (SegmentCopy.State.COPYING, SegmentCopy.State.REMOVING, SegmentCopy.State.DAMAGED)


@dataclass(frozen=True, slots=True)
class ScrubState:
    """How far reading all copies has got. `oldest_at`: the copy that was not read for longest was read then."""

    copies: int
    due: int
    read_lately: int
    bytes_read_lately: int
    oldest_at: dt.datetime | None
    open_findings: int
    lost: int
    repaired: int

    @property
    def percent_fresh(self) -> int:
        return 100 if not self.copies else 100 * (self.copies - self.due) // self.copies


@dataclass(frozen=True, slots=True)
class ClusterState:
    """What the master behind a volume says; `trouble` is a code where it says nothing."""

    volume: str
    topology: Topology | None
    trouble: str = ""


def scrub_state() -> ScrubState:
    """The state of scrubbing over all volumes. Two statements."""
    lately = clock.now() - dt.timedelta(days=1)
    held = SegmentCopy.objects.filter(state=SegmentCopy.State.HELD).aggregate(
        copies=Count("pk"),
        due=Count("pk", filter=not_read_lately()),
        read=Count("pk", filter=Q(verified_at__gte=lately)),
        size=Sum("segment__size_bytes", filter=Q(verified_at__gte=lately)),
        oldest=Min("verified_at"),
    )
    findings = ScrubFinding.objects.aggregate(
        open=Count("pk", filter=Q(state=ScrubFinding.State.OPEN)),
        lost=Count("pk", filter=Q(state=ScrubFinding.State.LOST)),
        repaired=Count("pk", filter=Q(state=ScrubFinding.State.REPAIRED)),
    )
    return ScrubState(
        copies=held["copies"],
        due=held["due"],
        read_lately=held["read"],
        bytes_read_lately=held["size"] or 0,
        oldest_at=held["oldest"],
        open_findings=findings["open"],
        lost=findings["lost"],
        repaired=findings["repaired"],
    )


def copies_in_work(*, state: str = "") -> QuerySet[SegmentCopy]:
    """Copies that are being made, repaired or removed."""
    states = [state] if state in _PASSING else _PASSING
    return SegmentCopy.objects.filter(state__in=states).select_related("segment__site", "volume")


def findings(*, state: str = "") -> QuerySet[ScrubFinding]:
    """Findings of the scrubber; those that are not settled, or of one state."""
    found = ScrubFinding.objects.select_related("volume", "segment__site")
    return found.filter(state=state) if state in ScrubFinding.State.values else found


def unrepaired_findings() -> QuerySet[ScrubFinding]:
    """Findings that wait for a good copy, or have none; the newest first."""
    unrepaired = [ScrubFinding.State.OPEN, ScrubFinding.State.LOST]
    return findings().filter(state__in=unrepaired).order_by("-found_at")


def segments_left_open() -> QuerySet[Segment]:
    """Segments that nobody has sealed for longer than is normal, the oldest first."""
    limit = clock.now() - dt.timedelta(hours=settings.STANDSTILL_SEGMENT_HOURS)
    left = Segment.objects.filter(sealed_at=None, created_at__lt=limit)
    return left.select_related("site").order_by("created_at")


def deletions(actor: Actor) -> QuerySet[Correction]:
    """Studies that people deleted, at the sites whose storage the actor looks after."""
    return Correction.objects.filter(
        kind=Correction.Kind.REJECT, reason=ReasonCode.DELETED, study__site__in=managed_sites(actor)
    ).select_related("study__site")


def can_be_undone(correction: Correction) -> bool:
    """Whether the bytes are still here for as long as the undo period promises."""
    if correction.undone_at is not None:
        return False
    return clock.now() < correction.made_at + dt.timedelta(days=settings.STORAGE_UNDO_DAYS)


def clusters() -> list[ClusterState]:
    """The SeaweedFS clusters behind volumes, each as its master sees it now."""
    names = set(Volume.objects.filter(name__in=settings.SEAWEEDFS_MASTERS).values_list("name", flat=True))
    found = []
    for name, master_url in settings.SEAWEEDFS_MASTERS.items():
        if name not in names:
            continue
        try:
            found.append(ClusterState(name, topology(str(master_url))))
        except Unavailable as error:
            found.append(ClusterState(name, None, error.code))
    return found
