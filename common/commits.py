"""What is done once something is committed."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import structlog
from django.db import DEFAULT_DB_ALIAS, connections, transaction

log = structlog.get_logger(__name__)


def call_after_commit(calls: Iterable[Callable[[], object]]) -> None:
    """Call these once the transaction in hand is committed; now, where each statement commits by itself.

    What they raise is logged: it does not undo what is committed.
    """
    if connections[DEFAULT_DB_ALIAS].in_atomic_block:
        for call in calls:
            transaction.on_commit(call, robust=True)
        return
    for call in calls:
        try:
            call()
        except Exception:
            log.exception("commit.call_failed", call=getattr(call, "__qualname__", ""))
