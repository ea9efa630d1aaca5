"""A deflated object with another header: inflated, changed and deflated anew, piece by piece.

Only the header is held whole, which ends where the pixel data begin.

Reference  PS3.5 §A.5 (deflated, padded to an even length)
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from itertools import chain

from archive.pixels.errors import unreadable
from archive.pixels.inflating import inflated_pieces
from archive.pixels.walking import Data, start_of_data_set, transfer_syntax_of
from archive.studies.modified_header import Change, header_of, modified
from common.data_sets import DATA_SET_FAILURES

_HELD = 4 << 20


def with_change(data: Data, change: Change, *, most: int) -> bytes | None:
    """The object as it is to be; None if it is so already.

    Raises  PixelsUnreadable OBJECT_TOO_LARGE if it is longer than `most` when inflated; DATA_SET_DAMAGED.
    """
    pieces = inflated_pieces(data, most=most)
    header, behind = _changed(pieces, transfer_syntax_of(data), change)
    if header is None:
        return None
    start = bytes(data[: start_of_data_set(data)])
    return start + _deflated(chain([header, behind], pieces))


def _changed(pieces: Iterator[bytes], syntax: str, change: Change) -> tuple[bytes | None, bytes]:
    """The header anew, and what has been inflated behind it. More is held only where the header goes on."""
    held, wanted, is_whole = bytearray(), _HELD, False
    while True:
        is_whole = not _fill(held, pieces, wanted)
        try:
            dataset, end = header_of(bytes(held), syntax)
            if is_whole or end < len(held):
                return modified(dataset, change), bytes(held[end:])
        except DATA_SET_FAILURES as error:
            if is_whole:
                raise unreadable("DATA_SET_DAMAGED") from error
        wanted *= 4


def _fill(held: bytearray, pieces: Iterator[bytes], wanted: int) -> bool:
    """Take pieces until so much is held; whether there was so much."""
    while len(held) < wanted:
        piece = next(pieces, None)
        if piece is None:
            return False
        held += piece
    return True


def _deflated(pieces: Iterator[bytes]) -> bytes:
    deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    packed = bytearray()
    for piece in pieces:
        packed += deflater.compress(piece)
    packed += deflater.flush()
    return bytes(packed) + b"\0" * (len(packed) % 2)
