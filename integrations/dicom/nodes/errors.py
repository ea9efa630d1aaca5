"""A node that cannot be called now, and when it may be."""

from __future__ import annotations

import datetime as dt

from common.errors import Unavailable

UNREACHABLE = "NODE_UNREACHABLE"
BREAKER_OPEN = "NODE_BREAKER_OPEN"
LIMIT = "NODE_LIMIT"
REFUSED = "NODE_REFUSED"


class NodeUnavailable(Unavailable):
    """Nothing was sent, or not all of it. `retry_at` says when trying again makes sense, where that is known."""

    def __init__(
        self, message: str, *, code: str, reason: str = "", retry_at: dt.datetime | None = None
    ) -> None:
        super().__init__(message, code=code)
        self.reason = reason
        self.retry_at = retry_at
