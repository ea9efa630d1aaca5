"""Several tasks for the decoders at a time, their outcomes in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from django.conf import settings

T = TypeVar("T")


def in_order(tasks: Iterable[Callable[[], T]]) -> Generator[Future[T], None, None]:
    """What came of each task, in their order; as many are under way as there are decoders.

    A task is fetched in the caller's thread and run in another one, where there is no database connection. No more
    than are under way are held. Whoever stops reading ends those that have not begun.
    """
    at_once = settings.PIXEL_PROCESSES
    under_way: deque[Future[T]] = deque()
    executor = ThreadPoolExecutor(at_once, thread_name_prefix="pixels")
    try:
        for task in tasks:
            under_way.append(executor.submit(task))
            if len(under_way) >= at_once:
                yield _ended(under_way.popleft())
        while under_way:
            yield _ended(under_way.popleft())
    finally:
        executor.shutdown(wait=False, cancel_futures=True)


def _ended(future: Future[T]) -> Future[T]:
    future.exception()
    return future
