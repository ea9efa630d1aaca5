"""The beginning of a file on its way in: its file meta information, and whether that names the object that follows.

Files whose meta information names another instance than the data set come from anonymisers and converters. The data
set tells which instance it is: the meta information is put right before anything is stored.

Reference  PS3.10 §7.1 (file meta information), PS3.5 §A.5 (deflated)
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from archive.studies.header import DEFLATED, SOP_CLASS_UID, SOP_INSTANCE_UID, encoding_of, read_header
from archive.studies.metadata.elements import Encoded, Incomplete, spots
from archive.studies.received import PREAMBLE, safe_preamble, split_part10
from common.errors import InvalidInput
from common.uids import is_uid_lenient

_LARGEST_META = 64 << 10
_BEGINNING = PREAMBLE + 16  # preamble, prefix, and the element that tells how long the rest is
_LOOKED_AT = 8 << 10  # of the data set: the UIDs are among its first elements
_META_CLASS_UID, _META_INSTANCE_UID = 0x00020002, 0x00020003
_EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"


@dataclass(frozen=True, slots=True)
class Opening:
    """What the stored file begins with, what has come of the data set behind it, and what the file says it is.

    `claimed` are SOP Class and Instance UID, empty where the meta information lacks one. `is_mended` tells that the
    meta information named another instance than the data set.
    """

    head: bytes
    rest: memoryview
    transfer_syntax_uid: str
    claimed: tuple[str, str]
    is_mended: bool = False


def opening_of(file: Iterator[memoryview]) -> Opening:
    """The opening of a file that comes in pieces. Raises  InvalidInput if it is no Part 10 file."""
    start = _come(file, b"", _BEGINNING)
    end = _BEGINNING
    if len(start) >= _BEGINNING:
        end += int.from_bytes(start[_BEGINNING - 4 : _BEGINNING], "little")
        if end > _LARGEST_META:
            raise InvalidInput("This is not a DICOM Part 10 file", code="NOT_PART10")
    start = _come(file, start, end + _LOOKED_AT)
    syntax, end = split_part10(start)
    meta = read_header(
        start, offset=PREAMBLE + 4, end=end, transfer_syntax_uid=_EXPLICIT_LITTLE,
        wanted=frozenset([_META_CLASS_UID, _META_INSTANCE_UID]),
    )  # fmt: skip
    claimed = meta.text(_META_CLASS_UID), meta.text(_META_INSTANCE_UID)
    head, rest = safe_preamble(start) + start[PREAMBLE:end], memoryview(start)[end:]
    if not all(claimed):
        return Opening(head, rest, syntax, ("", ""))
    found = _uids_of(bytes(rest[:_LOOKED_AT]), syntax)
    if found[0] == claimed[0] and found[1] != claimed[1] and is_uid_lenient(found[1]):
        return Opening(_naming(head, found[1]), rest, syntax, found, is_mended=True)
    return Opening(head, rest, syntax, claimed)


def _come(file: Iterator[memoryview], start: bytes, count: int) -> bytes:
    """What has come, once it is so much or the file ends."""
    while len(start) < count:
        piece = next(file, None)
        if piece is None:
            break
        start += piece
    return start


def _uids_of(beginning: bytes, syntax: str) -> tuple[str, str]:
    """SOP Class and Instance UID as the data set has them; empty where they are not among its first elements."""
    if syntax == DEFLATED:
        try:
            beginning = zlib.decompressobj(wbits=-zlib.MAX_WBITS).decompress(beginning, _LOOKED_AT)
        except zlib.error:
            return "", ""
    encoding = encoding_of(syntax)
    encoded = Encoded(beginning, 0, 1 << 40, encoding.is_implicit, encoding.order)
    found: dict[int, str] = {}
    try:
        for spot in spots(encoded):
            if spot.tag > SOP_INSTANCE_UID:
                break
            found[spot.tag] = beginning[spot.begin : spot.end].decode("latin-1").strip(" \0")
    except (Incomplete, InvalidInput):
        pass
    return found.get(SOP_CLASS_UID, ""), found.get(SOP_INSTANCE_UID, "")


def _naming(head: bytes, sop_instance_uid: str) -> bytes:
    """The head with this UID in the place of the one it has, and the group's length as it then is."""
    value = sop_instance_uid.encode("ascii")
    value += b"\0" * (len(value) % 2)
    at, meta = _BEGINNING, b""
    for spot in spots(Encoded(head, at, len(head))):
        if spot.tag == _META_INSTANCE_UID:
            meta += struct.pack("<HH2sH", 0x0002, 0x0003, b"UI", len(value)) + value
        else:
            meta += head[at : spot.end]
        at = spot.end
    return head[: _BEGINNING - 4] + struct.pack("<L", len(meta)) + meta
