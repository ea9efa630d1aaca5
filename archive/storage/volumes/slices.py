"""Files that are a part of something larger: a slice of a local file, a range of a remote object."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from common.errors import Unavailable

LOCAL_BUFFER = 64 * 1024
REMOTE_BUFFER = 512 * 1024


class _Part(io.RawIOBase):
    """A readable, seekable file of `length` bytes that fetches what is asked for."""

    name = "object"  # readers of files, pydicom's among them, ask for one

    def __init__(self, length: int) -> None:
        self._length, self._position = length, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._length}[whence]
        self._position = max(0, start + offset)
        return self._position

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        wanted = min(len(buffer), self._length - self._position)
        if wanted <= 0:
            return 0
        count = self._fill(memoryview(buffer)[:wanted], self._position)
        self._position += count
        return count

    def _fill(self, buffer: memoryview, position: int) -> int:
        raise NotImplementedError


class _LocalPart(_Part):
    def __init__(self, path: Path, offset: int, length: int) -> None:
        super().__init__(length)
        self._handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self._offset = offset

    def _fill(self, buffer: memoryview, position: int) -> int:
        return os.preadv(self._handle, [buffer], self._offset + position)

    def close(self) -> None:
        if not self.closed:
            os.close(self._handle)
        super().close()


class _RemotePart(_Part):
    def __init__(self, length: int, fetch: Callable[[int, int], bytes]) -> None:
        super().__init__(length)
        self._fetch = fetch

    def _fill(self, buffer: memoryview, position: int) -> int:
        data = self._fetch(position, len(buffer))
        if not data:
            raise Unavailable("The object store ended an object early", code="STORAGE_FAILED")
        buffer[: len(data)] = data
        return len(data)


def local_part(path: Path, offset: int, length: int) -> BinaryIO:
    """`length` bytes of a local file from `offset` on. Raises FileNotFoundError."""
    return io.BufferedReader(_LocalPart(path, offset, length), LOCAL_BUFFER)


def remote_part(length: int, fetch: Callable[[int, int], bytes]) -> BinaryIO:
    """A remote object of `length` bytes; `fetch(position, count)` gets up to `count` bytes of it."""
    return io.BufferedReader(_RemotePart(length, fetch), REMOTE_BUFFER)
