"""Nudges for the workers, sent beside the receiving: a broker that is slow or away holds up no modality.

A nudge that is lost costs nothing but time: the rows are there, and a duty delivers what is due.
"""

from __future__ import annotations

import queue
import threading

import structlog

from events import services as events
from events.tasks import deliver

log = structlog.get_logger(__name__)

_WAITING_AT_MOST = 1000


def preload_broker() -> None:
    """Import what speaks to the broker before the processes part, instead of while the first object waits."""
    with deliver.app.connection_for_write():
        """Made, not connected."""


def nudge_in_background() -> None:
    """From now on this process hands its nudges to a thread."""
    waiting: queue.Queue[list[int]] = queue.Queue(_WAITING_AT_MOST)
    threading.Thread(target=_send, args=(waiting,), name="nudges", daemon=True).start()

    def nudge(keys: list[int]) -> None:
        try:
            waiting.put_nowait(keys)
        except queue.Full:
            log.warning("dicom.nudge_dropped", deliveries=len(keys))

    events.use_nudge(nudge)


def _send(waiting: queue.Queue[list[int]]) -> None:
    while True:
        keys = waiting.get()
        try:
            deliver.delay(keys)
        except Exception as error:
            log.warning("dicom.nudge_failed", code=type(error).__name__)
