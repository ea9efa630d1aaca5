"""An object that has arrived whole, with what its header says."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from archive.storage.backends import StoredObject
from archive.studies.elements import (
    SERIES_INSTANCE_UID,
    STUDY_INSTANCE_UID,
    WANTED,
    InstanceFacts,
    instance_facts,
)
from archive.studies.header import (
    SOP_CLASS_UID,
    SOP_INSTANCE_UID,
    Bytes,
    Header,
    read_header,
    read_staged,
)
from common.errors import InvalidInput
from common.uids import is_uid_lenient

PREAMBLE = 128
_PREAMBLE = PREAMBLE + 4
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_META_TRANSFER_SYNTAX = 0x00020010
_EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"


@dataclass(frozen=True)
class ReceivedObject:
    """One SOP instance as it came: its header, how it is encoded, and where its bytes now lie."""

    header: Header
    transfer_syntax_uid: str
    stored: StoredObject

    @cached_property
    def instance(self) -> InstanceFacts:
        return instance_facts(self.header)

    @cached_property
    def study_instance_uid(self) -> str:
        return self.header.text(STUDY_INSTANCE_UID)

    @cached_property
    def series_instance_uid(self) -> str:
        return self.header.text(SERIES_INSTANCE_UID)


def inspect(path: Path, *, offset: int, transfer_syntax_uid: str) -> Header:
    """The checked header of a staged object whose data set starts at `offset`.

    Raises  InvalidInput if the object is damaged or lacks the UIDs that name it.
    """
    header = read_staged(path, offset=offset, transfer_syntax_uid=transfer_syntax_uid, wanted=WANTED)
    check_uids(header)
    return header


def checked_header(data: Bytes, *, offset: int, end: int, transfer_syntax_uid: str) -> Header:
    """As `inspect`, of an object in memory that ends at `end`."""
    header = read_header(data, offset=offset, end=end, transfer_syntax_uid=transfer_syntax_uid, wanted=WANTED)
    check_uids(header)
    return header


def check_uids(header: Header) -> None:
    """Raises InvalidInput naming the first of the four UIDs that is missing or no UID at all."""
    for keyword, value in (
        ("SOPClassUID", header.text(SOP_CLASS_UID)),
        ("SOPInstanceUID", header.text(SOP_INSTANCE_UID)),
        ("StudyInstanceUID", header.text(STUDY_INSTANCE_UID)),
        ("SeriesInstanceUID", header.text(SERIES_INSTANCE_UID)),
    ):
        if not is_uid_lenient(value):
            problem = "is missing" if not value else "is not a UID"
            raise InvalidInput(f"{keyword} {problem}", code="UID_UNUSABLE", fields={keyword: problem})


def safe_preamble(data: bytes) -> bytes:
    """The first 128 bytes of a Part 10 file: a TIFF header as it is, anything else emptied.

    Reference  PS3.10 §7.1 (the preamble is for applications, such as dual-personality TIFF)
    """
    return data[:PREAMBLE] if data.startswith(_TIFF) else bytes(PREAMBLE)


def split_part10(data: bytes) -> tuple[str, int]:
    """Transfer syntax of a Part 10 file, and where its data set starts (PS3.10 §7.1).

    Raises  InvalidInput if it is no such file.
    """
    if data[128:_PREAMBLE] != b"DICM" or len(data) < _PREAMBLE + 12:
        raise InvalidInput("This is not a DICOM Part 10 file", code="NOT_PART10")
    length = int.from_bytes(data[_PREAMBLE + 8 : _PREAMBLE + 12], "little")
    end = _PREAMBLE + 12 + length
    meta = read_header(
        data[_PREAMBLE:end],
        offset=0,
        transfer_syntax_uid=_EXPLICIT_LITTLE,
        wanted=frozenset([_META_TRANSFER_SYNTAX]),
    )
    transfer_syntax_uid = meta.text(_META_TRANSFER_SYNTAX)
    if not is_uid_lenient(transfer_syntax_uid):
        raise InvalidInput("The file names no transfer syntax", code="NOT_PART10")
    return transfer_syntax_uid, end
