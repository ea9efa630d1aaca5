"""The trace id that ties an order, its study, job, report and messages together."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_current: ContextVar[uuid.UUID | None] = ContextVar("trace_id", default=None)


def current_trace() -> uuid.UUID:
    """The trace of the work in hand; work that came in without one starts its own."""
    trace_id = _current.get()
    if trace_id is None:
        trace_id = uuid.uuid4()
        _current.set(trace_id)
    return trace_id


@contextmanager
def trace_of_its_own() -> Iterator[None]:
    """Run the enclosed work under a new trace, made when it is first asked for: most requests leave no trace."""
    token = _current.set(None)
    try:
        yield
    finally:
        _current.reset(token)


@contextmanager
def trace(trace_id: uuid.UUID | str | None = None) -> Iterator[uuid.UUID]:
    """Run the enclosed work under this trace, or under a new one."""
    if isinstance(trace_id, uuid.UUID):
        value = trace_id
    else:
        value = uuid.UUID(trace_id) if trace_id else uuid.uuid4()
    token = _current.set(value)
    try:
        yield value
    finally:
        _current.reset(token)
