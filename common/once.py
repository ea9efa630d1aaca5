"""Doing something the first time only, for a span of time and for all processes: what is known is in the cache."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.cache import cache


@contextmanager
def first_in(seconds: int, key: str) -> Iterator[bool]:
    """Whether `key` comes for the first time in so many seconds; where the block fails, it has not come."""
    is_first = bool(cache.add(key, 1, timeout=seconds))
    try:
        yield is_first
    except BaseException:
        if is_first:
            cache.delete(key)
        raise
