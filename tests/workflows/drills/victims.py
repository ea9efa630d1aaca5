"""Workers that are killed with -9 at a chosen point of their work, as processes of their own."""

from __future__ import annotations

import os
import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
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


class Victim:
    """Performs an act in a process forked off this one, which dies when it comes to the point."""

    def __init__(self, act: Callable[[], Any], point: Point | None) -> None:
        connection.close()
        self._pid = os.fork()
        if self._pid == 0:
            _die_trying(act, point)

    def await_end(self) -> bool:
        """Whether it was killed; known when the database has noticed, so that what is read next is how things stay."""
        status = self._status()
        self._await_end_of_sessions()
        warm_runs.forget()
        if os.WIFSIGNALED(status):
            assert os.WTERMSIG(status) == signal.SIGKILL
            return True
        assert os.WEXITSTATUS(status) == 0, "the victim failed before it could be killed; its trace is above"
        return False

    def _status(self) -> int:
        deadline, waiting = time.monotonic() + GONE_WITHIN_S, threading.Event()
        while time.monotonic() < deadline:
            pid, status = os.waitpid(self._pid, os.WNOHANG)
            if pid:
                return status
            waiting.wait(0.002)
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)
        raise AssertionError("the victim neither ended nor came to the point where it dies")

    def _await_end_of_sessions(self) -> None:
        deadline, waiting = time.monotonic() + GONE_WITHIN_S, threading.Event()
        while time.monotonic() < deadline:
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT 1 FROM pg_stat_activity WHERE application_name = %s", [_session_name(self._pid)]
                )
                if cursor.fetchone() is None:
                    return
            waiting.wait(0.002)
        raise AssertionError("the database still serves a process that was killed")


def perform_in_victim(act: Callable[[], Any], point: Point) -> bool:
    """Perform an act in a process that dies when it comes to the point; whether it did."""
    return Victim(act, point).await_end()


def _die_trying(act: Callable[[], Any], point: Point | None) -> None:
    try:
        warm_runs.forget()
        connection.settings_dict["OPTIONS"]["application_name"] = _session_name(os.getpid())
        with _deadly(point):
            act()
    except BaseException:  # whatever happens, this process must not go on as a second pytest
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def _session_name(pid: int) -> str:
    """What the sessions of a victim are called, all its threads' included."""
    return f"victim-{pid}"


def _die(*_args: Any, **_options: Any) -> Any:
    os.kill(os.getpid(), signal.SIGKILL)


@contextmanager
def _deadly(point: Point | None) -> Iterator[None]:
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
        case None:
            patch = nullcontext()
    with patch:
        yield


_exchange = wire.exchange


def _commit_and_die(*args: Any, begin: bool, commit: bool) -> Any:
    if commit:
        with mock.patch.object(wire, "_answers", _die):
            _exchange(*args, begin=begin, commit=commit)
    return _exchange(*args, begin=begin, commit=commit)
