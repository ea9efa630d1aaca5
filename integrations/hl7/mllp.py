"""The Minimal Lower Layer Protocol: frames on a byte stream, and a client that sends one and waits.

Reference  HL7 v2.5.1 Appendix C (MLLP release 1): <SB> message <EB><CR>
"""

from __future__ import annotations

import contextlib
import socket
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Self

START = 0x0B
END = 0x1C
CARRIAGE_RETURN = 0x0D
MAX_FRAME_BYTES = 20 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Frame:
    """What stood between a start and an end."""

    data: bytes


@dataclass(frozen=True, slots=True)
class BrokenFrame:
    """A frame that was begun and given up: cut off by another start, or too large. `data` is its beginning."""

    data: bytes
    is_too_large: bool


def framed(message: bytes) -> bytes:
    """The message as one frame."""
    return b"%c%b%c%c" % (START, message, END, CARRIAGE_RETURN)


class FrameDecoder:
    """Cuts frames out of a stream, however the stream is cut into packets.

    Senders differ in what follows the end: the CR may be missing, line breaks may stand between frames.
    Bytes outside frames are counted in `noise_bytes` and passed over. Too large a frame is reported once and
    swallowed to its end, so nothing is ever buffered beyond `max_bytes`.
    """

    def __init__(self, *, max_bytes: int = MAX_FRAME_BYTES) -> None:
        self.noise_bytes = 0
        self._max_bytes = max_bytes
        self._inside: bytearray | None = None
        self._is_swallowing = False

    @property
    def is_inside(self) -> bool:
        """Whether a frame was begun and has not ended."""
        return self._inside is not None or self._is_swallowing

    @property
    def unfinished(self) -> bytes:
        """What has come of a frame that has not ended."""
        return bytes(self._inside or b"")

    def feed(self, data: bytes) -> list[Frame | BrokenFrame]:
        """Take in bytes; the frames they complete or break."""
        found: list[Frame | BrokenFrame] = []
        position = 0
        while position < len(data):
            if self.is_inside:
                position = self._inside_frame(data, position, found)
            else:
                position = self._between_frames(data, position)
        return found

    def _between_frames(self, data: bytes, position: int) -> int:
        start = data.find(START, position)
        end = len(data) if start < 0 else start
        self.noise_bytes += len(data[position:end].strip(b"\r\n"))
        if start < 0:
            return len(data)
        self._inside = bytearray()
        return start + 1

    def _inside_frame(self, data: bytes, position: int, found: list[Frame | BrokenFrame]) -> int:
        start, end = data.find(START, position), data.find(END, position)
        stops = [stop for stop in (start, end) if stop >= 0]
        stop = min(stops) if stops else len(data)
        self._take(data[position:stop], found)
        if not stops:
            return len(data)
        if stop == end:
            if self._inside is not None:
                found.append(Frame(bytes(self._inside)))
            self._inside = None
        else:
            if self._inside is not None:
                found.append(BrokenFrame(bytes(self._inside), is_too_large=False))
            self._inside = bytearray()
        self._is_swallowing = False
        return stop + 1

    def _take(self, part: bytes, found: list[Frame | BrokenFrame]) -> None:
        if self._inside is None:
            return
        room = self._max_bytes - len(self._inside)
        self._inside += part[:room]
        if len(part) > room:
            found.append(BrokenFrame(bytes(self._inside), is_too_large=True))
            self._inside = None
            self._is_swallowing = True


class Client:
    """A connection that sends messages one at a time and waits for each answer.

    Raises  OSError (ConnectionError and TimeoutError among it) when there is no answer; the message may
            have arrived all the same, so it is sent again unchanged.
    """

    def __init__(
        self, host: str, port: int, *, connect_timeout_s: float = 5, answer_timeout_s: float = 30
    ) -> None:
        self._answer_timeout_s = answer_timeout_s
        self._socket = socket.create_connection((host, port), timeout=connect_timeout_s)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._decoder = FrameDecoder()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.close()

    def exchange(self, message: bytes) -> bytes:
        """Send a message and return the answer to it."""
        deadline = time.monotonic() + self._answer_timeout_s
        self._socket.settimeout(self._answer_timeout_s)
        self._socket.sendall(framed(message))
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError("no answer in time")
            self._socket.settimeout(left)
            data = self._socket.recv(65536)
            if not data:
                raise ConnectionError("the connection was closed before an answer came")
            for frame in self._decoder.feed(data):
                if isinstance(frame, Frame):
                    return frame.data
