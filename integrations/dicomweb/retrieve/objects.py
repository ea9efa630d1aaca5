"""Whole objects on their way out: as they are stored, or converted several at a time.

Reference  PS3.18 §8.7.3.5 (transfer syntaxes), §10.4.3 (206: some of the instances could not be given)
"""

from __future__ import annotations

import itertools
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from archive.pixels.errors import PixelsUnreadable
from archive.pixels.parallel import in_order
from archive.pixels.sources import PixelSource, source_of
from archive.pixels.transcoding import transcode_instance
from archive.storage.objects import LocalSlice, Place
from integrations.dicomweb.errors import NotAcceptable
from integrations.dicomweb.media_types import DICOM
from integrations.dicomweb.multipart import Part
from integrations.dicomweb.retrieve.subjects import Subject
from integrations.dicomweb.retrieve.whole import whole_object

BASE = "/dicomweb"
_AHEAD_BYTES = 32 << 20
_AHEAD_S = 1.0
Body = bytes | PixelsUnreadable


@dataclass(frozen=True, slots=True)
class Object:
    """An instance as it leaves."""

    subject: Subject
    part: Part


@dataclass(frozen=True, slots=True)
class MadeAhead:
    """Objects of which the first have been made before anything is sent, so that a status can tell of them.

    `refused` of them could not be. `is_complete`: these are all; one that fails later breaks the message off.
    """

    objects: Iterable[Object]
    refused: int
    is_complete: bool


def made_ahead(found: Iterable[Object | PixelsUnreadable], *, of: int) -> MadeAhead:
    """The objects, the first of them made, as many as a moment and a little memory allow.

    Raises  NotAcceptable if none could be made.
    """
    rest, until = iter(found), time.monotonic() + _AHEAD_S
    ahead: list[Object] = []
    refused = size = 0
    for one in rest:
        if isinstance(one, PixelsUnreadable):
            refused += 1
            if refused == of:
                raise NotAcceptable(one.message, code=one.code)
            continue
        ahead.append(one)
        size += len(one.part.body) if isinstance(one.part.body, bytes) else 0
        if size > _AHEAD_BYTES or (size and time.monotonic() > until):
            break
    is_complete = len(ahead) + refused == of
    return MadeAhead(ahead if is_complete else itertools.chain(ahead, _sound(rest)), refused, is_complete)


def objects(
    chosen: Sequence[tuple[Subject, str]], places: Mapping[str, Place]
) -> Iterator[Object | PixelsUnreadable]:
    """Each instance in its transfer syntax, or why it cannot be had so, in order.

    Raises  NotFound, Unavailable if bytes cannot be read.
    """
    for is_stored, group in itertools.groupby(chosen, key=_is_as_stored):
        if is_stored:
            for one, syntax in group:
                place = places[one.storage_key]
                yield Object(one, _part(one, syntax, place.local or place.read()))
        else:
            yield from _converted(group)


def _converted(group: Iterable[tuple[Subject, str]]) -> Iterator[Object | PixelsUnreadable]:
    waiting: deque[tuple[Subject, str]] = deque()

    def tasks() -> Iterator[Callable[[], Body]]:
        for one, syntax in group:
            waiting.append((one, syntax))
            yield _conversion(one, syntax)

    for outcome in in_order(tasks()):
        one, syntax = waiting.popleft()
        body = outcome.result()
        yield body if isinstance(body, PixelsUnreadable) else Object(one, _part(one, syntax, body))


def _conversion(subject: Subject, syntax: str) -> Callable[[], Body]:
    if subject.identity is None:
        return partial(_transcoded, source_of(subject), syntax)
    data = whole_object(subject)
    if syntax == subject.transfer_syntax_uid:
        return lambda: data
    return partial(_transcoded, PixelSource(data=data), syntax)


def _transcoded(source: PixelSource, syntax: str) -> Body:
    try:
        return transcode_instance(source, syntax)
    except PixelsUnreadable as error:
        return error


def _sound(found: Iterator[Object | PixelsUnreadable]) -> Iterator[Object]:
    for one in found:
        if isinstance(one, PixelsUnreadable):
            raise one
        yield one


def _is_as_stored(pair: tuple[Subject, str]) -> bool:
    one, syntax = pair
    return one.identity is None and one.transfer_syntax_uid == syntax


def _part(subject: Subject, syntax: str, body: bytes | LocalSlice) -> Part:
    return Part(DICOM.with_parameters(transfer_syntax=syntax), body, location=f"{BASE}/{subject.path}")
