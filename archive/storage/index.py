"""Which volumes hold a segment: asked of the database on a miss, and kept in this process for a while."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection, Iterable

from archive.storage.models import SegmentCopy, Tier, Volume

KEPT_AT_MOST = 65_536
_RANK = {Tier.HOT: 0, Tier.WARM: 1, Tier.COLD: 2}
_READABLE = (Volume.State.ONLINE, Volume.State.DRAINING)

Holders = tuple[str, ...]


class _Answers:
    """The URLs of the volumes that hold a segment, the fastest tier first; the least recently asked dropped."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Holders] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, segment: str) -> Holders:
        with self._lock:
            found = self._kept.get(segment, ())
            if found:
                self._kept.move_to_end(segment)
            return found

    def keep(self, answers: dict[str, Holders]) -> None:
        with self._lock:
            self._kept.update(answers)
            while len(self._kept) > KEPT_AT_MOST:
                self._kept.popitem(last=False)

    def forget(self, segments: Iterable[str] | None = None) -> None:
        with self._lock:
            if segments is None:
                self._kept.clear()
                return
            for segment in segments:
                self._kept.pop(segment, None)


_answers = _Answers()


def remembered(segment: str) -> Holders:
    """What this process last heard of a segment; it may be out of date, a reader then asks again."""
    return _answers.get(segment)


def forget(segments: Iterable[str] | None = None) -> None:
    """Have the index asked again for these segments, or for all."""
    _answers.forget(segments)


def ask(segments: Collection[str]) -> dict[str, Holders]:
    """The volumes that hold each of the segments, the fastest tier first. One statement, however many."""
    rows = SegmentCopy.objects.filter(
        segment__key__in=segments, state=SegmentCopy.State.HELD, volume__state__in=_READABLE
    ).values_list("segment__key", "volume__tier", "volume__url")
    found: dict[str, list[tuple[int, str]]] = {}
    for segment, tier, url in rows:
        found.setdefault(segment, []).append((_RANK[Tier(tier)], url))
    answers = {segment: tuple(url for _rank, url in sorted(held)) for segment, held in found.items()}
    _answers.keep(answers)
    return answers
