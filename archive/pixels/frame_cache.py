"""Decoded frames kept in this process, the least recently shown dropped first.

Decoding costs five to thirty times what windowing and encoding do, and people scroll back and forth.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable

from archive.pixels.frames import Frame


class FrameCache:
    """Frames up to a number of bytes; safe to share between threads."""

    def __init__(self, capacity_bytes: int) -> None:
        self._capacity_bytes = capacity_bytes
        self._frames: OrderedDict[Hashable, Frame] = OrderedDict()
        self._lock = threading.Lock()
        self.size_bytes = 0

    def get_or_decode(self, key: Hashable, decode: Callable[[], Frame]) -> Frame:
        """The frame under `key`; decoded outside of the lock, and kept if it is not larger than the cache."""
        with self._lock:
            frame = self._frames.get(key)
            if frame is not None:
                self._frames.move_to_end(key)
                return frame
        frame = decode()
        self._keep(key, frame)
        return frame

    def clear(self) -> None:
        with self._lock:
            self._frames.clear()
            self.size_bytes = 0

    def _keep(self, key: Hashable, frame: Frame) -> None:
        with self._lock:
            if key in self._frames or frame.size_bytes > self._capacity_bytes:
                return
            self._frames[key] = frame
            self.size_bytes += frame.size_bytes
            while self.size_bytes > self._capacity_bytes:
                _, dropped = self._frames.popitem(last=False)
                self.size_bytes -= dropped.size_bytes


decoded_frames = FrameCache(128 * 1024 * 1024)
