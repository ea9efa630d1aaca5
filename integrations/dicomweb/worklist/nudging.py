"""Saying to open event channels that there are reports for them."""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer

log = structlog.get_logger(__name__)


def group_of(subscriber: int) -> str:
    """The channel-layer group of a subscriber's open channels."""
    return f"worklist.{subscriber}"


def nudge(subscribers: Sequence[int]) -> None:
    """Wake the channels of these subscribers; where the channel layer is away they look by themselves."""
    try:
        _send(subscribers)
    except Exception as error:  # a channel layer raises what its server's library does
        log.warning("worklist.nudge_failed", code=type(error).__name__, count=len(subscribers))


@async_to_sync
async def _send(subscribers: Sequence[int]) -> None:
    layer = get_channel_layer()
    for subscriber in subscribers:
        await layer.group_send(group_of(subscriber), {"type": "worklist.news"})
