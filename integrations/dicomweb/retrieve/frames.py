"""Frames by their numbers: as they are stored where that is acceptable, else by way of the decoding processes.

Reference  PS3.18 §10.4.1.1.5 (Frame Pixel Data resource), §8.7.3.3.2 (media types of pixel data)
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from django.http import HttpRequest, HttpResponseBase

from archive.pixels.sources import source_at
from archive.pixels.transcoding import transcode_frame
from archive.studies.selectors import with_stored
from common.errors import InvalidInput
from integrations.dicomweb.door import answering
from integrations.dicomweb.errors import NotAcceptable
from integrations.dicomweb.media_types import (
    OCTET_STREAM,
    MediaType,
    accept_texts,
    negotiated_among,
    related,
)
from integrations.dicomweb.multipart import Part, multipart_stream
from integrations.dicomweb.retrieve.image_types import SYNTAXES, TYPE_OF, VIDEO, syntaxes_asked
from integrations.dicomweb.retrieve.single_part import single_part
from integrations.dicomweb.retrieve.stored_frames import stored_frame
from integrations.dicomweb.retrieve.subjects import Subject, instance_asked
from integrations.dicomweb.retrieve.syntaxes import frame_syntax
from integrations.dicomweb.retrieve.trail import note_retrieval

BASE = "/dicomweb"
_MOST_FRAMES = 10_000
_HELD_AT_MOST = 32 << 20


@answering("GET")
def frames(request: HttpRequest, *, study: str, series: str, instance: str, frames: str) -> HttpResponseBase:
    """The frames of the list, in its order."""
    actor, subject = instance_asked(request, study=study, series=series, instance=instance)
    numbers = frame_numbers(frames)
    media, syntax = choose(request, subject, is_single=len(numbers) == 1)
    note_retrieval(actor, study=study, site_code=subject.site_code, transaction="frames", instances=1)
    made = frame_parts(subject, numbers, syntax, kind=MediaType(media.part_type))
    if not media.is_multipart:
        return single_part(next(made), request)
    is_small = len(numbers) == 1 or syntax == frame_syntax(subject.transfer_syntax_uid, "*")
    return multipart_stream(_ahead(made) if is_small else made, root=MediaType(media.part_type))


def _ahead(made: Iterator[Part]) -> Iterable[Part]:
    """All parts, so that their length is known, unless their bytes were too many to hold: frames may be named often."""
    parts: list[Part] = []
    held = 0
    for part in made:
        parts.append(part)
        held += len(part.body) if isinstance(part.body, bytes) else 0
        if held > _HELD_AT_MOST:
            return itertools.chain(parts, made)
    return parts


def frame_numbers(text: str) -> list[int]:
    """The numbers of a list `1,2,7`. Raises InvalidInput."""
    items = [item.strip() for item in text.split(",")]
    if len(items) > _MOST_FRAMES or not all(item.isascii() and item.isdigit() for item in items):
        raise InvalidInput("Frames are named by a list of numbers", code="FRAMES_MALFORMED")
    numbers = [int(item) for item in items if len(item) <= 9]
    if len(numbers) < len(items) or min(numbers) < 1:
        raise InvalidInput("Frames are counted from 1", code="FRAMES_MALFORMED")
    return numbers


def choose(request: HttpRequest, subject: Subject, *, is_single: bool) -> tuple[MediaType, str]:
    """The media type the client likes best of those the frames can be had in, and the transfer syntax.

    Raises  NotAcceptable
    """
    return _chosen(accept_texts(request), subject.transfer_syntax_uid, is_single=is_single)


@functools.lru_cache(512)
def _chosen(accept: tuple[str, ...], stored: str, *, is_single: bool) -> tuple[MediaType, str]:
    own = [MediaType(TYPE_OF[stored])] if stored in TYPE_OF else []
    types = [OCTET_STREAM, *own, *(MediaType(name) for name in SYNTAXES if name != TYPE_OF.get(stored))]
    if stored in VIDEO:
        types = own
    offers = [related(one) for one in types]
    if is_single:
        offers += [one for one in types if one is not OCTET_STREAM or stored not in VIDEO]
    for media in negotiated_among(accept, offers):
        if media.part_type == OCTET_STREAM.type:
            candidates = [media.transfer_syntax]
        else:
            candidates = syntaxes_asked(media, stored)
        for asked in candidates:
            syntax = frame_syntax(stored, asked)
            if syntax is not None:
                return media, syntax
    raise NotAcceptable("The frames cannot be had in an acceptable transfer syntax")


def frame_parts(subject: Subject, numbers: Sequence[int], syntax: str, *, kind: MediaType) -> Iterator[Part]:
    """One part a frame, in this transfer syntax. Raises NotFound, Unavailable, PixelsUnreadable."""
    subject, source = with_stored(subject, lambda key: (_lying_at(subject, key), source_at(key)))
    for number in numbers:
        stored = stored_frame(subject, source, number, syntax)
        if stored is None:
            encoded = transcode_frame(source, number, syntax)
            stored, syntax = encoded.data, encoded.transfer_syntax_uid
        content_type = kind.with_parameters(transfer_syntax=syntax)
        yield Part(content_type, stored, location=f"{BASE}/{subject.path}/frames/{number}")


def _lying_at(subject: Subject, key: str) -> Subject:
    return subject if key == subject.storage_key else replace(subject, storage_key=key)
