"""What stops the launcher, said in one sentence that tells what to do."""

from __future__ import annotations

import errno

DISK_FULL = "The disk is full: free some space where {place} is kept, then run the same command again."


class Problem(Exception):
    """A foreseen obstacle; its message is all that a person sees of it."""


class Stopped(BaseException):
    """A signal asked the launcher to end; what it started is stopped on the way out."""


def explain(error: OSError, *, place: str) -> str:
    """One sentence for an error of the operating system."""
    if error.errno == errno.ENOSPC:
        return DISK_FULL.format(place=place)
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"{error.filename or place} may not be written: run as its owner, or choose another CONSILIUM_VAR."
    return f"{error.strerror or error} ({error.filename or place})."
