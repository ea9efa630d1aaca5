"""Workers that are killed with -9 at a chosen point of their work, as processes of their own."""

from __future__ import annotations

import os
import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Any
from unittest import mock

from django.db import connection

from common import exchange as wire
from common import lean, rows
from workflows import service_tasks
from workflows.locks import WarmRuns, warm_runs
from workflows.service_tasks import Operator

GONE_WITHIN_S = 30


class Point(StrEnum):
    """Where a worker dies."""

    AT_WORK = "in the middle of a machine's work"
    UNWRITTEN = "with the instance locked and nothing written"
    UNHEARD = "with the commit sent and the answer not heard"
    UNTOLD = "with the step committed and nobody told"


def perform_in_victim(act: Callable[[], Any], point: Point) -> bool:
    """Perform an act in a process that dies when it comes to the point; whether it did.

    Returns when the database has noticed, so that what is read next is how things stay.
    """
    connection.close()
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        _die_trying(act, point, writing)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        backend = int(pipe.read() or 0)
    status = os.waitpid(pid, 0)[1]
    _await_end_of(backend)
    warm_runs.forget()
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.WEXITSTATUS(status) == 0, "the victim failed before it could be killed; its trace is above"
    return False


def _die_trying(act: Callable[[], Any], point: Point, writing: int) -> None:
    try:
        warm_runs.forget()
        connection.ensure_connection()
        os.write(writing, str(connection.connection.info.backend_pid).encode())
        os.close(writing)
        with _deadly(point):
            act()
    except BaseException:  # whatever happens, this process must not go on as a second pytest
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def _die(*_args: Any, **_options: Any) -> Any:
    os.kill(os.getpid(), signal.SIGKILL)


@contextmanager
def _deadly(point: Point) -> Iterator[None]:
    match point:
        case Point.AT_WORK:
            deadly = {name: Operator(name, _die, "default", 4, 60) for name in service_tasks.operator_names()}
            patch: Any = mock.patch.object(service_tasks, "_operators", deadly)
        case Point.UNWRITTEN:
            patch = mock.patch.object(rows.Changes, "write", _die)
        case Point.UNHEARD:
            patch = mock.patch.object(lean, "exchange", _commit_and_die)
        case Point.UNTOLD:
            patch = mock.patch.object(WarmRuns, "keep", _die)
    with patch:
        yield


_exchange = wire.exchange


def _commit_and_die(*args: Any, begin: bool, commit: bool) -> Any:
    if commit:
        with mock.patch.object(wire, "_answers", _die):
            _exchange(*args, begin=begin, commit=commit)
    return _exchange(*args, begin=begin, commit=commit)


def _await_end_of(backend: int) -> None:
    deadline, waiting = time.monotonic() + GONE_WITHIN_S, threading.Event()
    while time.monotonic() < deadline:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_stat_activity WHERE pid = %s", [backend])
            if cursor.fetchone() is None:
                return
        waiting.wait(0.002)
    raise AssertionError("the database still serves a process that was killed")
