"""multipart messages, read part by part as they come: memory stays the same whatever the client sends.

Reference  PS3.18 §8.6.1.2 (multipart payloads), RFC 2046 §5.1.1 (delimiters), RFC 2387 (multipart/related)
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from common.errors import InvalidInput
from integrations.dicomweb.errors import TooLarge
from integrations.dicomweb.media_types import MediaType, parse_media_type

PIECE = 96 << 10
"""Bytes asked for at a time: what the web server takes at a time, so that nothing is left over to be copied again."""
_LARGEST_HEAD = 16 << 10
_LONGEST_LINE = 1 << 10  # what may stand between a delimiter and its line end is white space
_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]")


class Source(Protocol):
    """Where bytes come from; an empty piece is the end."""

    def read(self, size: int, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class IncomingPart:
    """One part: its header fields by name in small letters, and its body as it comes.

    The body is read before the next part is asked for; what is left of it then is passed over.
    """

    headers: Mapping[str, str]
    body: Iterator[memoryview]

    @property
    def media_type(self) -> MediaType | None:
        """What the part says it is; None where it says nothing. Raises InvalidInput."""
        said = self.headers.get("content-type", "")
        return parse_media_type(said) if said else None


def boundary_of(media: MediaType) -> bytes:
    """The boundary a Content-Type names. Raises InvalidInput if it is none (RFC 2046 §5.1.1)."""
    boundary = media.parameters.get("boundary", "")
    if not _BOUNDARY.fullmatch(boundary):
        raise InvalidInput("The multipart message names no boundary", code="BOUNDARY_MISSING")
    return boundary.encode("ascii")


def read_parts(
    source: Source, boundary: bytes, *, largest_part: int, most_parts: int
) -> Iterator[IncomingPart]:
    """The parts of a message, in order.

    Raises  InvalidInput for a message that is malformed or breaks off; TooLarge for more or larger parts.
    """
    reader = _Reader(source, boundary)
    reader.skip_preamble()
    count = 0
    while not reader.is_at_end():
        count += 1
        if count > most_parts:
            raise TooLarge("The message has too many parts", code="TOO_MANY_PARTS")
        headers = reader.headers()
        body = reader.body(largest_part)
        yield IncomingPart(headers, body)
        for _rest in body:
            pass


class _Reader:
    """A window on the message, a piece wide and a little more."""

    def __init__(self, source: Source, boundary: bytes) -> None:
        self._source, self._delimiter = source, b"\r\n--" + boundary
        self._window = b"\r\n"  # a message may begin with its first delimiter, without a line end before it
        self._at = 0

    def skip_preamble(self) -> None:
        """Go behind the first delimiter."""
        for _nothing in self._until_delimiter():
            pass

    def is_at_end(self) -> bool:
        """Whether the delimiter just passed is the last one; else its line is passed too."""
        self._hold(2)
        if self._window[self._at : self._at + 2] == b"--":
            return True
        line = self._upto(b"\r\n", _LONGEST_LINE)
        if line.strip(b" \t"):
            raise InvalidInput("A delimiter has no line of its own", code="MULTIPART_MALFORMED")
        return False

    def headers(self) -> dict[str, str]:
        """The header fields of a part; the body starts behind them."""
        self._hold(2)
        if self._window[self._at : self._at + 2] == b"\r\n":
            self._at += 2
            return {}
        found: dict[str, str] = {}
        for line in self._upto(b"\r\n\r\n", _LARGEST_HEAD).decode("latin-1").split("\r\n"):
            name, colon, value = line.partition(":")
            if not colon or not name.strip() or name.strip().lower() in found:
                raise InvalidInput("A header field of a part is malformed", code="MULTIPART_MALFORMED")
            found[name.strip().lower()] = value.strip()
        return found

    def body(self, largest: int) -> Iterator[memoryview]:
        """The body in pieces, up to the next delimiter, which is passed."""
        self._at -= 2  # the line end behind the headers is also that before the delimiter of an empty part
        size = -2
        for piece in self._until_delimiter():
            start = max(0, -size)
            size += len(piece)
            if size > largest:
                raise TooLarge("A part is larger than any that is taken", code="PART_TOO_LARGE")
            if len(piece) > start:
                yield piece[start:]

    def _until_delimiter(self) -> Iterator[memoryview]:
        reserve = len(self._delimiter) - 1
        while True:
            found = self._window.find(self._delimiter, self._at)
            end = found if found >= 0 else max(self._at, len(self._window) - reserve)
            if end > self._at:
                yield memoryview(self._window)[self._at : end]
            self._at = end
            if found >= 0:
                self._at += len(self._delimiter)
                return
            self._more()

    def _upto(self, mark: bytes, longest: int) -> bytes:
        """What comes before a mark, which is passed."""
        while True:
            found = self._window.find(mark, self._at, self._at + longest + len(mark))
            if found >= 0:
                text = self._window[self._at : found]
                self._at = found + len(mark)
                return text
            if len(self._window) - self._at >= longest + len(mark):
                raise InvalidInput("The head of a part is too long", code="MULTIPART_MALFORMED")
            self._more()

    def _hold(self, count: int) -> None:
        while len(self._window) - self._at < count:
            self._more()

    def _more(self) -> None:
        piece = self._source.read(PIECE)
        if not piece:
            raise InvalidInput("The multipart message breaks off", code="MULTIPART_BROKEN_OFF")
        self._window = self._window[self._at :] + piece
        self._at = 0
