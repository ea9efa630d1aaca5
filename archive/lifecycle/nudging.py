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
from common.nudges import Nudge

_nudge = Nudge[str]()
"""Told of a kind of work there is; without anybody to hear it the duties do it themselves."""
use_nudge = _nudge.use


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
    return 1 if _nudge(kind) else perform(kind)


def _is_due(state: SegmentCopy.State) -> bool:
    return SegmentCopy.objects.filter(state=state, next_at__lte=clock.now()).exists()
