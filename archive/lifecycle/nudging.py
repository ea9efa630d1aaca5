"""Work that reads and writes many bytes is done by a worker; rows say what there is to do, a nudge that there is.

A duty looks whether anything is due and nudges; without anybody to nudge it does the work itself.
"""

from __future__ import annotations

from collections.abc import Callable

from django.db.models import Q

from archive.lifecycle.models import SeriesPacking
from archive.lifecycle.packing import pack_due
from archive.lifecycle.repairing import repair_due
from archive.lifecycle.scrubbing import due_copies, scrub_due
from archive.lifecycle.transfers import transfer_due
from archive.storage.models import SegmentCopy
from common import clock

_nudge: Callable[[str], None] | None = None


def use_nudge(nudge: Callable[[str], None] | None) -> None:
    """Have `nudge(kind)` called when there is work of a kind; None has the duties do it themselves."""
    global _nudge  # noqa: PLW0603 - one broker a process
    _nudge = nudge


def look_for_copies() -> int:
    return _start("copies", _is_due(SegmentCopy.State.COPYING))


def look_for_repairs() -> int:
    return _start("repairs", _is_due(SegmentCopy.State.DAMAGED))


def look_for_packing() -> int:
    return _start("packing", SeriesPacking.objects.filter(due_at__lte=clock.now()).exists())


def look_for_scrubbing() -> int:
    unleased = Q(next_at=None) | Q(next_at__lte=clock.now())
    return _start("scrubbing", due_copies().filter(unleased).exists())


WORK: dict[str, Callable[[], int]] = {
    "copies": transfer_due,
    "repairs": repair_due,
    "packing": pack_due,
    "scrubbing": scrub_due,
}


def perform(kind: str) -> int:
    """Do one bounded batch of the work of a kind; how much was done."""
    return WORK[kind]()


def _start(kind: str, is_due: bool) -> int:
    if not is_due:
        return 0
    if _nudge is None:
        return perform(kind)
    _nudge(kind)
    return 1


def _is_due(state: SegmentCopy.State) -> bool:
    return SegmentCopy.objects.filter(state=state, next_at__lte=clock.now()).exists()
