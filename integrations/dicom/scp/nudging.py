"""Nudges for the workers, sent beside the receiving: a broker that is slow or away holds up no modality.

A nudge that is lost costs nothing but time: the rows are there, and a duty delivers what is due.
"""

from __future__ import annotations

import queue
import threading

import structlog

from events import services as events
from events.tasks import deliver_bulletin

log = structlog.get_logger(__name__)

_WAITING_AT_MOST = 1000


def preload_broker() -> None:
    """Import what speaks to the broker before the processes part, instead of while the first object waits."""
    with deliver_bulletin.app.connection_for_write():
        """Made, not connected."""


def nudge_in_background() -> None:
    """From now on this process hands its nudges to a thread."""
    waiting: queue.Queue[int] = queue.Queue(_WAITING_AT_MOST)
    threading.Thread(target=_send, args=(waiting,), name="nudges", daemon=True).start()

    def nudge(bulletin_id: int) -> None:
        try:
            waiting.put_nowait(bulletin_id)
        except queue.Full:
            log.warning("dicom.nudge_dropped", bulletin=bulletin_id)

    events.use_nudge(nudge)


def _send(waiting: queue.Queue[int]) -> None:
    while True:
        bulletin_id = waiting.get()
        try:
            deliver_bulletin.delay(bulletin_id)
        except Exception as error:
            log.warning("dicom.nudge_failed", code=type(error).__name__)
