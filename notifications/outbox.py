"""What waits to be written to one socket."""

from __future__ import annotations

import asyncio

REFETCH = '{"type":"refetch"}'


class Outbox:
    """Texts on their way to one socket: each at most once, in order, and never more than `limit`.

    A page on a slow line that falls behind is told to fetch everything anew, which is one text,
    instead of being sent all it missed.
    """

    def __init__(self, limit: int = 64) -> None:
        self._limit = limit
        self._texts: dict[str, None] = {}
        self._filled = asyncio.Event()

    def __len__(self) -> int:
        return len(self._texts)

    def put(self, text: str) -> None:
        if REFETCH not in self._texts:
            self._texts[text] = None
        if len(self._texts) > self._limit:
            self._texts = {REFETCH: None}
        self._filled.set()

    async def take(self) -> str:
        """The next text, once there is one."""
        await self._filled.wait()
        text = next(iter(self._texts))
        del self._texts[text]
        if not self._texts:
            self._filled.clear()
        return text
