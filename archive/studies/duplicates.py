"""Whether an object that came again is the one that is held."""

from __future__ import annotations

from typing import BinaryIO

from archive.storage.objects import open_object
from archive.studies.received import split_part10
from common.errors import InvalidInput, NotFound

_PIECE = 1 << 20
_META_AT_MOST = 64 << 10


def is_same_data_set(held_key: str, came_key: str) -> bool:
    """Whether two stored objects hold the same data set in the same transfer syntax.

    Their file meta information may differ: it tells of the file and of who wrote it. What cannot be read counts
    as different.

    Reference  PS3.10 §7.1 (file meta information)
    Raises     Unavailable if the bytes cannot be read now.
    """
    try:
        with open_object(held_key) as held, open_object(came_key) as came:
            return _enter(held) == _enter(came) and _have_same_rest(held, came)
    except (NotFound, InvalidInput):
        return False


def _enter(file: BinaryIO) -> str:
    """The transfer syntax of an open Part 10 file, which is left where its data set starts."""
    syntax, offset = split_part10(file.read(_META_AT_MOST))
    file.seek(offset)
    return syntax


def _have_same_rest(one: BinaryIO, other: BinaryIO) -> bool:
    while True:
        piece = one.read(_PIECE)
        if piece != other.read(_PIECE):
            return False
        if not piece:
            return True
