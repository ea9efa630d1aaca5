"""Asking the system to begin writing a file's bytes to the disk, so that the flush to come has less to wait for."""

from __future__ import annotations

import ctypes
import os

_WRITE = 2  # SYNC_FILE_RANGE_WRITE of linux/fs.h

_libc = ctypes.CDLL(None, use_errno=True)
_sync_file_range = getattr(_libc, "sync_file_range", None)
if _sync_file_range is not None:
    _sync_file_range.argtypes = [ctypes.c_int, ctypes.c_int64, ctypes.c_int64, ctypes.c_uint]


def begin_write_back(handle: int, offset: int, length: int) -> None:
    """Begin to write `length` bytes from `offset` on; nothing is promised, and a system that cannot does nothing.

    Reference  sync_file_range(2)
    Raises     OSError if the disk fails.
    """
    if _sync_file_range is not None and _sync_file_range(handle, offset, length, _WRITE):
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
