"""One writer per process instance: its row lock, and the runs a process keeps warm between steps."""

from __future__ import annotations

import threading
import uuid
from collections import OrderedDict
from dataclasses import dataclass, field
from functools import partial

from django.db.models import QuerySet

from accounts.models import Site
from common.prepared import LeanQuery, Slot
from workflows.engine import ProcessRun
from workflows.models import ProcessInstance, UserTask

CAPACITY = 256


def lock_instance(pk: int, *, skip_locked: bool = False) -> ProcessInstance | None:
    """The instance with its row locked until the transaction ends; None if it is gone or, when asked so, in
    other hands.

    The lock is NO KEY UPDATE: rows that merely refer to the instance can still be written beside it.
    """
    return (_LOCK_FREE if skip_locked else _LOCK).first(pk=pk)


def read_state(pk: int) -> bytes:
    """The state of an instance that is locked."""
    instance = _STATE.first(pk=pk)
    return bytes(instance.state) if instance is not None else b""


def _locking(*, skip_locked: bool) -> QuerySet[ProcessInstance]:
    return (
        ProcessInstance.objects.select_for_update(of=("self",), no_key=True, skip_locked=skip_locked)
        .defer("state")
        .filter(pk=Slot("pk"))
    )


_LOCK = LeanQuery(partial(_locking, skip_locked=False))
_STATE = LeanQuery(lambda: ProcessInstance.objects.filter(pk=Slot("pk")).only("state"))
_LOCK_FREE = LeanQuery(partial(_locking, skip_locked=True))


@dataclass(slots=True)
class Known:
    """What steps of an instance need again and again: its subjects, sites it named, grants it gave, its open tasks."""

    subjects: dict[str, str]
    sites: dict[str, Site] = field(default_factory=dict)
    granted: set[tuple[object, ...]] = field(default_factory=set)
    tasks: dict[uuid.UUID, UserTask] = field(default_factory=dict)


@dataclass(slots=True)
class WarmRun:
    """An instance and its run as the last committed step of this process left them, with what is known of it."""

    instance: ProcessInstance
    revision: int
    run: ProcessRun
    known: Known


class Trust:
    """Whether warm runs are likely to be as the database has them; each disappointment doubles how long it takes.

    One process that takes all steps of its cases may act on what it knows. Where several share them, what one knows
    is mostly old, and acting on it would be work for nothing.
    """

    LONGEST = 1024

    def __init__(self) -> None:
        self._pause, self._left = 0, 0

    def __bool__(self) -> bool:
        """Whether to try now; asked once a try."""
        self._left -= self._left > 0
        return not self._left

    def confirm(self) -> None:
        self._pause = self._left = 0

    def disappoint(self) -> None:
        self._pause = min(max(1, self._pause * 2), self.LONGEST)
        self._left = self._pause + 1


class WarmRuns:
    """Runs kept in memory, each good only for the revision it was kept at.

    A step takes the run out, so a step that fails leaves nothing behind that was never committed.
    `trust` says whether a step may be tried on one before the database is asked.
    """

    def __init__(self, capacity: int = CAPACITY) -> None:
        self.trust = Trust()
        self._runs: OrderedDict[int, WarmRun] = OrderedDict()
        self._guard = threading.Lock()
        self._capacity = capacity

    def take(self, instance: ProcessInstance) -> WarmRun | None:
        """The run of this very revision, no longer kept; None where the state must be read."""
        kept = self.take_unseen(instance.pk)
        return kept if kept is not None and kept.revision == instance.revision else None

    def take_unseen(self, instance_pk: int) -> WarmRun | None:
        """The run of whatever revision, no longer kept; what is written of it says which it must still be."""
        with self._guard:
            return self._runs.pop(instance_pk, None)

    def keep(self, instance_pk: int, warm: WarmRun) -> None:
        with self._guard:
            self._runs[instance_pk] = warm
            while len(self._runs) > self._capacity:
                self._runs.popitem(last=False)

    def forget(self) -> None:
        """Forget every run, and what they were found to be worth: the next steps restore from the database."""
        with self._guard:
            self._runs.clear()
        self.trust = Trust()


warm_runs = WarmRuns()
