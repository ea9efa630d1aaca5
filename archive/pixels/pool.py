"""Processes that decode, render and encode, so that a damaged image ends one of them and not a web worker.

    answer = pixel_pool().run("render", arguments, source, timeout_s=20)

Every process that asks has pools of its own, started when it first asks. A caller's thread takes an idle decoder,
waits for its answer and gives it back; a decoder that crashes or does not come to an end is replaced.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog
from django.conf import settings

from archive.pixels.errors import unreadable
from archive.pixels.messages import Ended, receive, send
from archive.pixels.sources import PixelSource
from common.errors import Unavailable

log = structlog.get_logger(__name__)

TIME_LIMIT_S = 30.0
LONGEST_FILM_S = 120.0
_ROOT = Path(__file__).resolve().parents[2]
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
# What one image took of memory is kept for the next: fresh pages cost a third of the time of a picture.
_KEPT_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(32 << 20), "MALLOC_TRIM_THRESHOLD_": str(64 << 20)}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a decoder made: facts, and bytes where there are any."""

    facts: dict[str, Any]
    body: bytes


@dataclass(slots=True)
class Decoder:
    """One process and the connection to it."""

    process: subprocess.Popen[bytes]
    connection: socket.socket

    @classmethod
    def start(cls) -> Decoder:
        ours, theirs = socket.socketpair()
        with theirs:
            process = subprocess.Popen(
                [sys.executable, "-m", "archive.pixels.process", str(theirs.fileno())],
                cwd=_ROOT, env={**os.environ, **_ONE_THREAD, **_KEPT_MEMORY}, pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            )  # fmt: skip
        return cls(process, ours)

    def ask(self, head: dict[str, Any], body: bytes, *, timeout_s: float) -> Answer:
        """Raises TimeoutError, Ended, OSError."""
        deadline = time.monotonic() + timeout_s
        self.connection.settimeout(timeout_s)
        send(self.connection, head, body)
        self.connection.settimeout(max(0.001, deadline - time.monotonic()))
        return Answer(*receive(self.connection))

    def end(self) -> None:
        self.connection.close()
        self.process.kill()
        self.process.wait()


@dataclass
class PixelPool:
    """At most `processes` decoders, and at most `queue` callers waiting for one, each for `patience_s` at most."""

    processes: int
    queue: int = 64
    patience_s: float = 20.0
    _idle: list[Decoder] = field(default_factory=list)
    _free: threading.Semaphore = field(init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _waiting: int = 0

    def __post_init__(self) -> None:
        self._free = threading.Semaphore(self.processes)

    def run(
        self,
        task: str,
        arguments: Mapping[str, Any],
        source: PixelSource,
        *,
        others: Sequence[PixelSource] = (),
        timeout_s: float = TIME_LIMIT_S,
    ) -> Answer:
        """What the task (in `work.TASKS` or `CLEANING`) makes of the object, and of the `others` it is to go with.

        Raises  PixelsUnreadable if it refuses, crashes or takes longer than `timeout_s`; NotFound if the frame or
                the object is not there; Unavailable if too many are waiting already, or none came free for long.
        """
        sources = [source, *others]
        places = [_place_of(each) for each in sources]
        head: dict[str, Any] = {"task": task, "arguments": dict(arguments), "objects": places}
        body = b"".join(each.data for each in sources) if others else source.data
        with self._place():
            answer = self._ask(head, body, timeout_s)
        refused = answer.facts.get("refused")
        if refused is not None:
            raise unreadable(str(refused))
        return answer

    def close(self) -> None:
        """End the decoders that are idle."""
        while self._idle:
            self._idle.pop().end()

    @contextlib.contextmanager
    def _place(self) -> Iterator[None]:
        with self._lock:
            if self._waiting >= self.queue:
                raise Unavailable("Too many images are being decoded", code="PIXELS_BUSY")
            self._waiting += 1
        try:
            is_mine = self._free.acquire(timeout=self.patience_s)
        finally:
            with self._lock:
                self._waiting -= 1
        if not is_mine:
            raise Unavailable("Too many images are being decoded", code="PIXELS_BUSY")
        try:
            yield
        finally:
            self._free.release()

    def _ask(self, head: dict[str, Any], body: bytes, timeout_s: float) -> Answer:
        decoder = self._take()
        is_whole = False
        try:
            answer = decoder.ask(head, body, timeout_s=timeout_s)
            is_whole = True
        except TimeoutError:
            log.warning("pixels.too_slow", task=head["task"], limit_s=timeout_s)
            raise unreadable("DECODING_TOO_SLOW") from None
        except (Ended, OSError):
            decoder.end()
            log.warning("pixels.crashed", task=head["task"], status=decoder.process.returncode)
            raise unreadable("DECODER_CRASHED") from None
        finally:
            self._put_back(decoder, is_whole=is_whole)
        return answer

    def _put_back(self, decoder: Decoder, *, is_whole: bool) -> None:
        """A decoder that was left in the middle of an answer is ended: the next one asked for is another."""
        if not is_whole:
            decoder.end()
            return
        with self._lock:
            self._idle.append(decoder)

    def _take(self) -> Decoder:
        """A decoder that lives: one that was ended while it was idle is nobody's fault."""
        while True:
            with self._lock:
                decoder = self._idle.pop() if self._idle else None
            if decoder is None:
                return Decoder.start()
            if decoder.process.poll() is None:
                return decoder
            decoder.end()


def _place_of(source: PixelSource) -> list[Any]:
    """The part of a file an object is, or how many of the bytes that are sent along."""
    if source.local is None:
        return [None, 0, len(source.data)]
    return [str(source.local.path), source.local.offset, source.local.length]


_pools: dict[tuple[int, str], PixelPool] = {}
_making = threading.Lock()


def pixel_pool() -> PixelPool:
    """The pool of this process for pictures; after a fork the child starts its own."""
    return _pool_of_process("pictures", lambda: PixelPool(settings.PIXEL_PROCESSES))


def film_pool() -> PixelPool:
    """Likewise for films, volumes and deformations: one decoder, so that a minute's work keeps no picture waiting."""
    return _pool_of_process("films", lambda: PixelPool(1, queue=8, patience_s=LONGEST_FILM_S))


def cleaning_pool() -> PixelPool:
    """Likewise for de-identification: one decoder, so that a search of seconds keeps no picture waiting."""
    return _pool_of_process("cleaning", lambda: PixelPool(1))


def _pool_of_process(use: str, make: Callable[[], PixelPool]) -> PixelPool:
    key = (os.getpid(), use)
    pool = _pools.get(key)
    if pool is None:
        with _making:
            pool = _pools.setdefault(key, make())
    return pool
