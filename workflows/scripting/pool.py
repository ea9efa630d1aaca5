"""One warm sandbox a process of ours, started when first needed; a fresh child a call, forked ahead."""

from __future__ import annotations

import atexit
import os
import threading
from typing import Protocol, TypeVar

import structlog

from workflows.scripting.limits import Limits
from workflows.scripting.worker import Outcome, SandboxLost, Worker
from workflows.scripting.zygote import Zygote

AT_ONCE = 4
log = structlog.get_logger(__name__)


class NoSandbox(Exception):
    """Scripts cannot be confined here, or their first process does not start."""


class Pool:
    """Gives every call a child that has run nothing yet, and asks for the next one meanwhile.

    `is_narrowed` is only ever False in tests, which prove that the system's walls hold without the language's.
    """

    def __init__(self, limits: Limits, *, needs_filter: bool = True, is_narrowed: bool = True) -> None:
        self.limits = limits
        self._needs_filter, self._is_narrowed = needs_filter, is_narrowed
        self._zygote: Zygote | None = None
        self._lock = threading.Lock()
        self._seats = threading.BoundedSemaphore(AT_ONCE)

    def ask(self, request: bytes) -> Outcome:
        """What a child makes of a request; asked again, once, if a sandbox is lost over it. Raises NoSandbox."""
        with self._seats:
            try:
                return self._ask(request)
            except SandboxLost:
                log.warning("scripts.sandbox_lost")
            try:
                return self._ask(request)
            except SandboxLost as error:
                raise NoSandbox from error

    def _ask(self, request: bytes) -> Outcome:
        return self._take().ask(request, within_s=self.limits.wall_s, most=self.limits.result)

    @property
    def is_apart(self) -> bool:
        """Whether the sandbox has namespaces of its own beside the filter."""
        with self._lock:
            return self._running().is_apart

    def close(self) -> None:
        with self._lock:
            if self._zygote is not None:
                self._zygote.close()
                self._zygote = None

    def forget(self) -> None:
        """In a fork of this process: its parent's sandbox is not ours."""
        self._lock, self._seats = threading.Lock(), threading.BoundedSemaphore(AT_ONCE)
        if self._zygote is not None:
            self._zygote.forget()
            self._zygote = None

    def _take(self) -> Worker:
        with self._lock:
            try:
                return self._next()
            except OSError:
                self._drop()  # it was ended from outside: start another, once
            try:
                return self._next()
            except OSError as error:
                self._drop()
                raise NoSandbox from error

    def _next(self) -> Worker:
        zygote = self._running()
        worker = zygote.take_child()
        try:
            zygote.ask_for_child()
        except OSError:
            worker.close()
            raise
        return worker

    def _running(self) -> Zygote:
        if self._zygote is None:
            zygote = Zygote(self.limits, is_narrowed=self._is_narrowed)
            if self._needs_filter and not zygote.has_filter:
                zygote.close()
                raise NoSandbox
            log.info("scripts.sandbox_started", apart=zygote.is_apart, filtered=zygote.has_filter)
            self._zygote = zygote
        return self._zygote

    def _drop(self) -> None:
        if self._zygote is not None:
            self._zygote.close()
            self._zygote = None


class Forkable(Protocol):
    """What keeps processes."""

    def forget(self) -> None: ...
    def close(self) -> None: ...


_pools: list[Forkable] = []
P = TypeVar("P", bound=Forkable)


def watched(pool: P) -> P:
    """The pool, let go of when this process forks and closed when it ends."""
    _pools.append(pool)
    return pool


def _forget_all() -> None:
    for pool in _pools:
        pool.forget()


def _close_all() -> None:
    for pool in _pools:
        pool.close()


os.register_at_fork(after_in_child=_forget_all)
atexit.register(_close_all)
