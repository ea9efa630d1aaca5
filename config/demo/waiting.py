"""Waiting for what happens elsewhere: a real condition, asked again and again until a deadline."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from config.demo.problems import JourneyFailed

T = TypeVar("T")
PAUSE_S = 0.1


def wait_for(condition: Callable[[], T | None], *, within_s: float, otherwise: str) -> T:
    """What the condition answers once it is something.

    Raises  JourneyFailed with `otherwise` when it is still nothing after `within_s` seconds.
    """
    deadline = time.monotonic() + within_s
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise JourneyFailed(f"{otherwise} (waited {within_s:.0f} s)")
        time.sleep(PAUSE_S)
