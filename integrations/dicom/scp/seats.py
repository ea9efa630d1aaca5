"""How many associations there are, over all processes of a listener: in total, of one node, from one address.

The table lies in memory the processes share; a process that dies has its seats cleared by its parent.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

_SEAT = struct.Struct("<L16s44s")  # process, AE title, address
_PAUSE_S = 0.02


class Seats:
    """A fixed number of seats. Made before the processes are."""

    def __init__(self, count: int, *, per_address: int) -> None:
        self._count, self._per_address = count, per_address
        self._file = os.memfd_create("seats", os.MFD_CLOEXEC)
        os.ftruncate(self._file, count * _SEAT.size)
        self._table = mmap.mmap(self._file, count * _SEAT.size)
        self._lock = threading.Lock()

    def take(self, ae_title: str, address: str, *, at_most: int, patience_s: float = 1.0) -> int | None:
        """A seat for an association; None if there is none, even after waiting a moment for one.

        The moment is for a peer that opens its next association while the last one is being ended.
        """
        deadline = time.monotonic() + patience_s
        while True:
            seat = self._try(ae_title.encode()[:16], address.encode()[:44], at_most)
            if seat is not None or time.monotonic() >= deadline:
                return seat
            time.sleep(_PAUSE_S)

    def leave(self, seat: int) -> None:
        with self._alone():
            self._write(seat, 0, b"", b"")

    def clear(self, pid: int) -> None:
        """Free the seats of a process that has died."""
        with self._alone():
            for seat, (holder, _title, _address) in enumerate(self._rows()):
                if holder == pid:
                    self._write(seat, 0, b"", b"")

    def taken(self) -> int:
        return sum(1 for holder, _title, _address in self._rows() if holder)

    def _try(self, title: bytes, address: bytes, at_most: int) -> int | None:
        with self._alone():
            free, of_node, of_address = None, 0, 0
            for seat, (holder, of, at) in enumerate(self._rows()):
                if not holder:
                    free = seat if free is None else free
                    continue
                of_node += of.rstrip(b"\0") == title
                of_address += at.rstrip(b"\0") == address
            if free is None or of_node >= at_most or of_address >= self._per_address:
                return None
            self._write(free, os.getpid(), title, address)
            return free

    def _rows(self) -> Iterator[tuple[int, bytes, bytes]]:
        return _SEAT.iter_unpack(bytes(self._table))

    def _write(self, seat: int, pid: int, title: bytes, address: bytes) -> None:
        _SEAT.pack_into(self._table, seat * _SEAT.size, pid, title, address)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One process and one of its threads at a time; the lock of a process that dies is freed with it."""
        with self._lock:
            fcntl.lockf(self._file, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.lockf(self._file, fcntl.LOCK_UN)
