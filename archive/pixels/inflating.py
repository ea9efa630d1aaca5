"""Deflated data sets, inflated piece by piece: a thousandfold of what is fed may come out of one (PS3.5 §A.5)."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from archive.pixels.errors import unreadable
from archive.pixels.walking import Data, start_of_data_set

_FED, _TAKEN = 1 << 16, 1 << 20


def beginning_of(data: Data, *, most: int, held: int) -> tuple[bytes, int]:
    """The first `held` bytes of the data set of a deflated object, and the length of all of it.

    Raises  as `inflated_pieces`.
    """
    first, size = bytearray(), 0
    for piece in inflated_pieces(data, most=most):
        size += len(piece)
        first += piece[: held - len(first)]
    return bytes(first), size


def inflated_pieces(data: Data, *, most: int) -> Iterator[bytes]:
    """The data set of a deflated object, at most a mebibyte at a time.

    Raises  PixelsUnreadable OBJECT_TOO_LARGE once that is more than `most`; DATA_SET_DAMAGED.
    """
    size = 0
    for piece in _pieces(memoryview(data)[start_of_data_set(data) :]):
        size += len(piece)
        if size > most:
            raise unreadable("OBJECT_TOO_LARGE")
        yield piece


def _pieces(packed: memoryview) -> Iterator[bytes]:
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        for at in range(0, len(packed), _FED):
            waiting = bytes(packed[at : at + _FED])
            while waiting and not inflater.eof:  # the byte that makes the length even is never consumed
                yield inflater.decompress(waiting, _TAKEN)
                waiting = inflater.unconsumed_tail
        yield inflater.flush()
    except zlib.error as error:
        raise unreadable("DATA_SET_DAMAGED") from error
