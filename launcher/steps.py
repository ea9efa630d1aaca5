"""Progress that a person can follow: each step when it starts, and how long it took."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

_WIDTH = 46


@dataclass
class Step:
    """One step; set `is_done` to False when it ended without what it was to bring."""

    is_done: bool = True


@contextmanager
def step(title: str) -> Iterator[Step]:
    """Show that this is going on, with the seconds counting on a terminal, and what it took in the end."""
    began = time.monotonic()
    over = threading.Event()
    counter = threading.Thread(target=_count, args=(title, began, over), daemon=True)
    if sys.stdout.isatty():
        counter.start()
    else:
        print(f"  … {title}", flush=True)
    current = Step()
    try:
        yield current
    except BaseException:
        current.is_done = False
        raise
    finally:
        over.set()
        if counter.is_alive():
            counter.join()
        lead = "\r" if sys.stdout.isatty() else ""
        print(
            f"{lead}  {'✓' if current.is_done else '✗'} {title:<{_WIDTH}} {time.monotonic() - began:6.1f} s",
            flush=True,
        )


def say(line: str = "") -> None:
    """One line for the person who started this."""
    print(line, flush=True)


def _count(title: str, began: float, over: threading.Event) -> None:
    while not over.wait(0.2):
        print(f"\r  … {title:<{_WIDTH}} {time.monotonic() - began:6.1f} s", end="", flush=True)
