"""How a failure is logged: its type and where it happened, never what it says.

A database names the values it chokes on, a parser quotes what it could not read: the text of an exception
may be a patient's.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import MutableMapping
from typing import Any

FRAMES = 12


def without_words(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: `exc_info` becomes the types and frames of the failure and of its causes."""
    told = event.pop("exc_info", None)
    if told is True:
        told = sys.exc_info()
    failure = told[1] if isinstance(told, tuple) else told
    if not isinstance(failure, BaseException):
        return event
    event["failure"] = [_described(one) for one in _chain(failure)]
    if "celery" in str(event.get("logger", "")):
        event["event"] = str(event["event"]).partition("]")[0] + "] failed"  # the rest quotes the exception
    return event


def _chain(failure: BaseException) -> list[BaseException]:
    chain: list[BaseException] = []
    one: BaseException | None = failure
    while one is not None and one not in chain:
        chain.append(one)
        one = one.__cause__ or (None if one.__suppress_context__ else one.__context__)
    return chain


def _described(failure: BaseException) -> dict[str, Any]:
    frames = traceback.extract_tb(failure.__traceback__)[-FRAMES:]
    return {
        "type": f"{type(failure).__module__}.{type(failure).__qualname__}",
        "at": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
    }
