"""Waiting for a condition that another thread or process will bring about."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def wait_until(holds: Callable[[], T], *, within_s: float = 30.0) -> T:
    """What `holds` says once that is true."""
    deadline = time.monotonic() + within_s
    pause = threading.Event()
    while not (found := holds()):
        assert time.monotonic() < deadline, "the condition did not come about in time"
        pause.wait(0.02)
    return found
