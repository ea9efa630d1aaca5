"""Whose turn it is on an association we opened: its own thread's, or the caller's that sends and waits.

pynetdicom keeps the turn in a flag that three threads write. Its own thread may read a message once more
after the caller has seen it at rest, and so take the answer the caller waits for; and the thread in which it
serves an N-EVENT-REPORT says at its end that the reading goes on, although it rests, upon which the caller
waits for ever. Here the turn has one truth.

Nor does pynetdicom let that thread send its answer before the release: after our A-RELEASE-RQ nothing may be
said (PS3.8 §7.2.2), and its state machine ends with an exception on which the release waits in vain.
"""

from __future__ import annotations

import threading
from typing import Any

from pynetdicom import evt
from pynetdicom.association import Association
from pynetdicom.dimse_primitives import N_EVENT_REPORT


class Turnstile:
    """Takes the place of the event by which a caller stops the association's own thread and lets it go on."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._is_wanted = False
        self.is_at_rest = False

    def clear(self) -> None:
        """Ask for the turn; the association's thread rests once it comes by."""
        with self._changed:
            self._is_wanted = True

    def set(self) -> None:
        """Give the turn back."""
        with self._changed:
            self._is_wanted = False
            self._changed.notify_all()

    def wait(self, timeout: float | None = None) -> bool:
        """Where the association's thread comes by: it rests here as long as a caller has the turn."""
        with self._changed:
            while self._is_wanted:
                self.is_at_rest = True
                if not self._changed.wait(timeout):
                    break
            self.is_at_rest = False
            return not self._is_wanted


class CallersAssociation(Association):
    """An association we opened, of which one thread at a time reads.

    A report of the peer's that is being served is answered before we leave. One that crosses our leaving is heard
    by its handler all the same, and stays unanswered.
    """

    _reactor_checkpoint: Turnstile  # type: ignore[assignment]
    _answering: threading.RLock
    _is_leaving: bool

    @classmethod
    def take_over(cls, assoc: Association) -> None:
        """Make one of an association that pynetdicom has just made and not yet started."""
        assoc.__class__ = cls
        assoc._reactor_checkpoint = Turnstile()  # type: ignore[assignment]  # noqa: SLF001
        assoc._answering, assoc._is_leaving = threading.RLock(), False  # type: ignore[attr-defined]  # noqa: SLF001

    def release(self) -> None:
        self._leave()
        super().release()

    def _abort_blocking(self, block: bool = True) -> None:
        self._leave()
        super()._abort_blocking(block)

    def _leave(self) -> None:
        with self._answering:
            self._is_leaving = True

    def _serve_request(self, msg: Any, context_id: int) -> None:
        if not isinstance(msg, N_EVENT_REPORT):
            super()._serve_request(msg, context_id)
            return
        with self._answering:
            if not self._is_leaving:
                super()._serve_request(msg, context_id)
                return
        if context := self._accepted_cx.get(context_id):
            evt.trigger(self, evt.EVT_N_EVENT_REPORT, {"request": msg, "context": context.as_tuple})

    @property
    def _is_paused(self) -> bool:
        """Whether a caller may read: the association's thread rests, has ended, or is the caller itself."""
        if threading.current_thread() is self or self._kill or not self.is_alive():
            return True
        return self._reactor_checkpoint.is_at_rest

    @_is_paused.setter
    def _is_paused(self, _said: bool) -> None:
        """What pynetdicom notes here is not needed: whether the thread rests is known."""
