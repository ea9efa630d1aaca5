"""Whose turn it is on an association we opened: its own thread's, or the caller's that sends and waits.

pynetdicom keeps the turn in a flag that three threads write. Its own thread may read a message once more
after the caller has seen it at rest, and so take the answer the caller waits for; and the thread in which it
serves an N-EVENT-REPORT says at its end that the reading goes on, although it rests, upon which the caller
waits for ever. Here the turn has one truth.
"""

from __future__ import annotations

import threading

from pynetdicom.association import Association


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
    """An association we opened, of which one thread at a time reads."""

    _reactor_checkpoint: Turnstile  # type: ignore[assignment]

    @classmethod
    def take_over(cls, assoc: Association) -> None:
        """Make one of an association that pynetdicom has just made and not yet started."""
        assoc.__class__ = cls
        assoc._reactor_checkpoint = Turnstile()  # type: ignore[assignment]  # noqa: SLF001

    @property
    def _is_paused(self) -> bool:
        """Whether a caller may read: the association's thread rests, has ended, or is the caller itself."""
        if threading.current_thread() is self or self._kill or not self.is_alive():
            return True
        return self._reactor_checkpoint.is_at_rest

    @_is_paused.setter
    def _is_paused(self, _said: bool) -> None:
        """What pynetdicom notes here is not needed: whether the thread rests is known."""
