"""gunicorn's threaded worker, spared three things it does anew for every request.

A setting of gunicorn's is looked up by way of `__getattr__`, some twenty times a request: here they are attributes. And
an answered connection goes back to the worker's main thread, to be handed to a thread again with its next request;
a program that asks for frame after frame asks again at once, so the thread stays with it for a moment. And a body is
taken a mebibyte at a time, each in memory that the system has to give and clear anew: in pieces that the allocator
keeps, a request of many objects has a fortieth of the page faults.
"""

from __future__ import annotations

import select
from typing import Any

from gunicorn.http.unreader import SocketUnreader
from gunicorn.workers.gthread import TConn, ThreadWorker

STAY_MS = 1
BODY_PIECE = 96 << 10
"""Bytes of a body taken at a time: less than the 128 KiB from which glibc maps memory of its own (mallopt(3))."""


class WebWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn tells no types
    """Threads stay with a connection for `STAY_MS` after an answer, unless another waits for a thread."""

    def init_process(self) -> None:
        known: dict[str, Any] = self.cfg.__dict__  # its `__setattr__` refuses settings
        known.update(
            {name: setting.get() for name, setting in self.cfg.settings.items() if name not in known}
        )
        SocketUnreader.max_body_chunk = BODY_PIECE
        super().init_process()

    def handle(self, conn: TConn) -> Any:
        """One request after the other while they come at once; what the parent is to do with the connection then."""
        outcome = super().handle(conn)
        while outcome is True and self._asks_again(conn):
            outcome = super().handle(conn)
        return outcome

    def _asks_again(self, conn: TConn) -> bool:
        """Whether the next request has begun to come; never while a connection waits, or the worker is to end."""
        if not self.alive or conn.is_http2 or self.tpool._work_queue.qsize():  # noqa: SLF001 - nothing else tells it
            return False
        if conn.parser.unreader.buf.getvalue():  # read ahead already: the parent knows what to do
            return False
        arrival = select.poll()
        arrival.register(conn.sock, select.POLLIN)
        return bool(arrival.poll(STAY_MS))
