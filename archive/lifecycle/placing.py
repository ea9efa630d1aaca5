"""Bringing segments to the volumes the policy wants them on: what is missing is copied, what is over goes later.

Each look compares what is there with what is wanted and takes the next step towards it, so a crash anywhere
leaves nothing but a step to be taken again. No copy is given up before the wanted ones are held.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence

from django.conf import settings
from django.db import transaction

from archive.lifecycle.models import Bookmark, PlacementRule, RoutedTier, TierChoice
from archive.lifecycle.policies import Placement, SeriesFacts, asks_for_thickness, place
from archive.lifecycle.volumes import candidates, default_volume
from archive.storage.models import Segment, SegmentCopy, Volume
from archive.studies.models import Series
from common import clock

State = SegmentCopy.State
RECONSIDER = "reconsider"
LOOK_AGAIN = dt.timedelta(minutes=1)
RETRY_WITHOUT_VOLUME = dt.timedelta(minutes=15)


def place_due(*, limit: int = 200) -> int:
    """Look at the segments whose placement is due; how many."""
    with transaction.atomic():
        segments = list(
            Segment.objects.filter(place_at__lte=clock.now(), sealed_at__isnull=False)
            .order_by("place_at")
            .select_for_update(skip_locked=True, of=("self",))[:limit]
        )
        if segments:
            _Placing(segments).perform()
    return len(segments)


def reconsider_everything() -> None:
    """Have every segment looked at again: the rules, or the volumes, are others now."""
    newest = Segment.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    Bookmark.objects.update_or_create(
        name=RECONSIDER, defaults={"position": 0, "until": newest, "moved_at": clock.now()}
    )


def reconsider(*, limit: int = 5000) -> int:
    """Make the next segments due for a look, as long as there are any from before the change; how many."""
    with transaction.atomic():
        bookmark = Bookmark.objects.select_for_update(skip_locked=True).filter(name=RECONSIDER).first()
        if bookmark is None or bookmark.position >= bookmark.until:
            return 0
        end = bookmark.position + limit
        count = Segment.objects.filter(pk__gt=bookmark.position, pk__lte=end).update(place_at=clock.now())
        bookmark.position, bookmark.moved_at = end, clock.now()
        bookmark.save(update_fields=["position", "moved_at"])
    return count


class _Placing:
    """One look at a batch of segments, with everything it needs read beforehand."""

    def __init__(self, segments: Sequence[Segment]) -> None:
        self.now = clock.now()
        self.segments = segments
        self.rules = list(PlacementRule.objects.filter(is_enabled=True))
        self.home = default_volume()
        self.volumes = list(Volume.objects.all())
        series = {segment.series_instance_uid for segment in segments}
        self.facts = facts_of(series)
        self.routed = dict(
            RoutedTier.objects.filter(series_instance_uid__in=series).values_list(
                "series_instance_uid", "tier"
            )
        )
        studies = {segment.study_instance_uid for segment in segments}
        chosen = TierChoice.objects.filter(study_instance_uid__in=studies)
        self.choices = {choice.study_instance_uid: choice for choice in chosen}
        self.copies: dict[int, list[SegmentCopy]] = {segment.pk: [] for segment in segments}
        for copy in (
            SegmentCopy.objects.filter(segment__in=segments)
            .select_related("volume")
            .select_for_update(of=("self",))
        ):
            self.copies[copy.segment_id].append(copy)

    def perform(self) -> None:
        for segment in self.segments:
            segment.place_at = self._look_at(segment)
        Segment.objects.bulk_update(self.segments, ["place_at"])

    def _look_at(self, segment: Segment) -> dt.datetime | None:
        """Take the next step for one segment; when to look again."""
        if segment.purge_at is not None:
            return None
        wanted = self._wanted(segment)
        volumes = candidates(segment, self.volumes, tier=wanted.tier)
        held = {copy.volume_id: copy for copy in self.copies[segment.pk]}
        volumes.sort(key=lambda volume: volume.pk not in held)  # stays with what there is
        chosen = volumes[: wanted.copies]
        lacking = [volume for volume in chosen if not _is_held(held.get(volume.pk))]
        for volume in lacking:
            self._bring(segment, volume, held.get(volume.pk))
        if not lacking and len(chosen) == wanted.copies:
            self._give_up(held.values(), {volume.pk for volume in chosen})
        elif len(chosen) < wanted.copies:
            return self.now + RETRY_WITHOUT_VOLUME
        if self._is_unjudged(segment):
            return self.now + LOOK_AGAIN
        return wanted.changes_at

    def _wanted(self, segment: Segment) -> Placement:
        choice = self.choices.get(segment.study_instance_uid)
        if choice is not None:
            return Placement(choice.tier, choice.copies, "", None)
        facts = self.facts.get(segment.series_instance_uid)
        if facts is None:  # a refused object, or a series that was removed
            return Placement(self.home.tier, 1, "", None)
        routed = self.routed.get(segment.series_instance_uid, "")
        return place(facts, self.rules, now=self.now, otherwise=self.home.tier, routed=routed)

    def _is_unjudged(self, segment: Segment) -> bool:
        facts = self.facts.get(segment.series_instance_uid)
        return facts is not None and facts.is_thin_slice is None and asks_for_thickness(self.rules) and (
            self.now - facts.received_at < dt.timedelta(days=1)
        )  # fmt: skip

    def _bring(self, segment: Segment, volume: Volume, copy: SegmentCopy | None) -> None:
        """Have a copy made on the volume; one that is about to be removed just stays."""
        if copy is None:
            SegmentCopy.objects.create(
                segment=segment, volume=volume, state=State.COPYING, next_at=self.now, changed_at=self.now
            )
        elif copy.state == State.REMOVING:
            _change(copy, State.HELD, next_at=None)

    def _give_up(self, copies: Collection[SegmentCopy], kept: Collection[int]) -> None:
        gone_at = self.now + dt.timedelta(seconds=settings.STORAGE_GRACE_SECONDS)
        for copy in copies:
            if copy.volume_id not in kept and copy.state in (State.HELD, State.COPYING):
                _change(copy, State.REMOVING, next_at=gone_at)


def facts_of(series_instance_uids: Collection[str]) -> dict[str, SeriesFacts]:
    """What rules may ask of these series, by UID. One statement."""
    rows = Series.all_objects.filter(series_instance_uid__in=series_instance_uids).values_list(
        "series_instance_uid",
        "study__site_id",
        "modality",
        "is_thin_slice",
        "is_derived",
        "first_received_at",
    )
    return {
        uid: SeriesFacts(site_id, modality, is_thin, is_derived, received_at)
        for uid, site_id, modality, is_thin, is_derived, received_at in rows
    }


def _is_held(copy: SegmentCopy | None) -> bool:
    return copy is not None and copy.state == State.HELD


def _change(copy: SegmentCopy, state: SegmentCopy.State, *, next_at: dt.datetime | None) -> None:
    copy.state, copy.next_at, copy.changed_at, copy.attempts = state, next_at, clock.now(), 0
    copy.save(update_fields=["state", "next_at", "changed_at", "attempts"])
