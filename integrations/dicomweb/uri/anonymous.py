"""An object without anybody's identity, for who asks for it so.

Reference  PS3.18 §9.4.1.2.1 (anonymize: the Basic profile with Clean Pixel Data), PS3.15 Annex E
"""

from __future__ import annotations

import threading

from archive.deidentification.options import Option, Profile
from archive.deidentification.services import deidentify
from archive.pixels.deflated import inflated
from archive.pixels.sources import PixelSource, source_of
from archive.pixels.transcoding import transcode_instance
from archive.studies.received import split_part10
from common.errors import InvalidInput, Unavailable
from integrations.dicomweb.errors import NotAcceptable
from integrations.dicomweb.media_types import DICOM
from integrations.dicomweb.multipart import Part
from integrations.dicomweb.retrieve.subjects import Subject
from integrations.dicomweb.retrieve.syntaxes import instance_syntax
from integrations.dicomweb.retrieve.whole import whole_object

LARGEST_BYTES = 256 << 20
_DEFLATED = "1.2.840.10008.1.2.1.99"
_PATIENCE_S = 10.0
_turn = threading.Lock()  # what is read is held several times over: one at a time in each process


def anonymous_part(subject: Subject, asked: str) -> Part:
    """The object as its de-identified self, an instance of its own; where it is had is not told.

    Raises  NotAcceptable if it cannot be made safe, with the reason's code, or not in the transfer syntax;
            Unavailable if others are at it.
    """
    _check_size(subject)
    data = _anonymized(whole_object(subject))
    made, _start = split_part10(data)
    syntax = instance_syntax(made, asked)
    if syntax is None:
        raise NotAcceptable("The instance cannot be had in an acceptable transfer syntax")
    if syntax != made:
        data = transcode_instance(PixelSource(data=data), syntax)
    return Part(DICOM.with_parameters(transfer_syntax=syntax), data)


def _check_size(subject: Subject) -> None:
    """Raises NotAcceptable, PixelsUnreadable: the process that answers holds an object whole, and inflated."""
    if subject.size_bytes > LARGEST_BYTES:
        raise NotAcceptable("The object is too large to be de-identified at once", code="OBJECT_TOO_LARGE")
    if subject.transfer_syntax_uid == _DEFLATED:
        inflated(source_of(subject), most=LARGEST_BYTES)


def _anonymized(part10: bytes) -> bytes:
    if not _turn.acquire(timeout=_PATIENCE_S):
        raise Unavailable("Too many objects are being de-identified", code="DEIDENTIFICATION_BUSY")
    try:
        return deidentify(part10, profile=Profile(frozenset({Option.CLEAN_PIXEL_DATA})))
    except InvalidInput as error:
        raise NotAcceptable("The object cannot be given without identity", code=error.code) from error
    finally:
        _turn.release()
