"""The interpreting processes of one process of ours: as many as its threads ask at once, started when first needed."""

from __future__ import annotations

import signal
import threading

import structlog

from workflows.interpreting.resident import Resident, TooLong
from workflows.scripting.answers import Refusal
from workflows.scripting.errors import DENIED, MEMORY, TIMEOUT
from workflows.scripting.limits import Limits
from workflows.scripting.pool import AT_ONCE, NoSandbox

log = structlog.get_logger(__name__)


class Lost(Exception):
    """A process ended, or never began, for reasons that are not the expression's."""


class Residents:
    """Gives every call a process that nobody else asks meanwhile, and replaces those that were ended."""

    def __init__(self, limits: Limits, *, needs_filter: bool = True) -> None:
        self.limits = limits
        self._needs_filter = needs_filter
        self._idle: list[Resident] = []
        self._lock = threading.Lock()
        self._seats = threading.BoundedSemaphore(AT_ONCE)

    def ask(self, request: bytes) -> bytes:
        """An answer; asked again, once and of a new process, if one is lost over it.

        Raises  Refusal for an expression that met a limit or a wall; NoSandbox.
        """
        with self._seats:
            try:
                return self._ask(self._take(), request)
            except Lost:
                log.warning("scripts.interpreter_lost")
            try:
                return self._ask(self._begun(), request)
            except Lost as error:
                raise NoSandbox from error

    def close(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
        for each in idle:
            each.end()

    def forget(self) -> None:
        """In a fork of this process: its parent's interpreters are not ours."""
        self._lock, self._seats = threading.Lock(), threading.BoundedSemaphore(AT_ONCE)
        idle, self._idle = self._idle, []
        for each in idle:
            each.forget()

    def _take(self) -> Resident:
        with self._lock:
            if self._idle:
                return self._idle.pop()
        return self._begun()

    def _begun(self) -> Resident:
        try:
            resident = Resident(self.limits)
        except OSError as error:
            raise Lost from error
        if self._needs_filter and not resident.has_filter:
            resident.end()
            raise NoSandbox
        log.info("scripts.interpreter_started", apart=resident.is_apart, filtered=resident.has_filter)
        return resident

    def _ask(self, resident: Resident, request: bytes) -> bytes:
        is_sound = False
        try:
            answer = resident.ask(request, within_s=self.limits.wall_s)
            is_sound = True
        except TimeoutError:
            raise Refusal(TIMEOUT) from None
        except TooLong:
            raise Refusal(MEMORY, why="result size") from None
        except OSError as error:
            if resident.end() == -signal.SIGSYS:
                raise Refusal(DENIED, why="call") from None
            raise Lost from error
        finally:
            if not is_sound:
                resident.end()
        with self._lock:
            self._idle.append(resident)
        return answer
