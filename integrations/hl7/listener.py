"""The MLLP listener: connections on one side, a pool of threads that deal with messages on the other.

Messages of one connection are dealt with in order, each answered before the next is begun; connections do
not wait for each other.

Reference  HL7 v2.5.1 Appendix C
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import structlog

from integrations.hl7.mllp import MAX_FRAME_BYTES, BrokenFrame, Frame, FrameDecoder, framed

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one peer may ask of us. A frame once begun must be finished within `frame_timeout_s`."""

    max_frame_bytes: int = MAX_FRAME_BYTES
    max_noise_bytes: int = 64 * 1024
    frame_timeout_s: float = 30
    idle_timeout_s: float = 3600
    max_connections: int = 200


@dataclass(frozen=True, slots=True)
class Application:
    """What deals with messages: the answer to a whole one, and the answer to one that did not arrive whole."""

    receive: Callable[[bytes], bytes]
    note_broken_frame: Callable[[bytes, bool], bytes]


class Listener:
    """An MLLP server. `start` serves, `stop` finishes what is in hand and closes."""

    def __init__(self, application: Application, *, workers: int = 4, limits: Limits | None = None) -> None:
        self._application = application
        self._limits = limits or Limits()
        self._threads = ThreadPoolExecutor(max_workers=workers, thread_name_prefix="hl7")
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self._waiting: set[asyncio.Task[bytes]] = set()
        self._is_stopping = False

    async def start(self, host: str, port: int) -> int:
        """Begin to listen; the port that was bound."""
        self._server = await asyncio.start_server(self._serve, host, port, backlog=256)
        bound: int = self._server.sockets[0].getsockname()[1]
        return bound

    async def stop(self) -> None:
        """Answer what was received, take in no more, and close every connection."""
        self._is_stopping = True
        if self._server is not None:
            self._server.close()
        for task in list(self._waiting):
            task.cancel()
        if self._connections:
            await asyncio.wait(list(self._connections), timeout=25)
        self._threads.shutdown(wait=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - asyncio always runs this in a task
        if self._is_stopping or len(self._connections) >= self._limits.max_connections:
            log.warning("hl7.connection_refused", connections=len(self._connections))
            writer.close()
            return
        self._connections.add(task)
        stream: socket.socket = writer.get_extra_info("socket")
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            await self._converse(reader, writer)
        except (OSError, TimeoutError, asyncio.CancelledError):
            log.info("hl7.connection_ended")
        except Exception:
            log.exception("hl7.connection_defect")
        finally:
            self._connections.discard(task)
            writer.close()
            with contextlib.suppress(OSError, asyncio.CancelledError):
                await writer.wait_closed()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        decoder = FrameDecoder(max_bytes=self._limits.max_frame_bytes)
        loop = asyncio.get_running_loop()
        frame_began_at: float | None = None
        try:
            while not self._is_stopping:
                data = await self._read(reader, frame_began_at=frame_began_at)
                if not data:
                    break
                for found in decoder.feed(data):
                    await self._answer(found, writer)
                    frame_began_at = None
                if not decoder.is_inside:
                    frame_began_at = None
                elif frame_began_at is None:
                    frame_began_at = loop.time()
                if decoder.noise_bytes > self._limits.max_noise_bytes:
                    log.warning("hl7.noise", noise_bytes=decoder.noise_bytes)
                    break
        finally:
            if decoder.unfinished:
                await self._in_thread(self._application.note_broken_frame, decoder.unfinished, False)

    async def _read(self, reader: asyncio.StreamReader, *, frame_began_at: float | None) -> bytes:
        """The next bytes; b"" at the end of the stream, and when we stop while nothing is in hand."""
        limits = self._limits
        left = limits.idle_timeout_s
        if frame_began_at is not None:
            left = limits.frame_timeout_s - (asyncio.get_running_loop().time() - frame_began_at)
        reading = asyncio.ensure_future(self._read_some(reader))
        self._waiting.add(reading)
        try:
            return await asyncio.wait_for(reading, max(left, 0))
        except asyncio.CancelledError:
            return b""
        finally:
            self._waiting.discard(reading)

    @staticmethod
    async def _read_some(reader: asyncio.StreamReader) -> bytes:
        return await reader.read(65536)

    async def _answer(self, found: Frame | BrokenFrame, writer: asyncio.StreamWriter) -> None:
        if isinstance(found, Frame):
            answer = await self._in_thread(self._application.receive, found.data)
        else:
            answer = await self._in_thread(
                self._application.note_broken_frame, found.data, found.is_too_large
            )
            if not found.is_too_large:
                return  # another message has begun: an answer now would be taken for its own
        writer.write(framed(answer))
        await writer.drain()

    async def _in_thread(self, work: Callable[..., bytes], *arguments: object) -> bytes:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, work, *arguments)
