"""Parts of an answer by their bytes: a download that broke off goes on where it was.

Reference  RFC 9110 §14 (range requests), §13.1.5 (If-Range), PS3.18 §10.4 (bulk data; formerly §6.5.5, Range)
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.http import HttpRequest

from archive.storage.objects import LocalSlice
from integrations.dicomweb.errors import RangeRefused

_ONE_RANGE = re.compile(r"bytes=\s*(?:(\d{1,18})-(\d{0,18})|-(\d{1,18}))\s*")


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes of a whole, from `first` to `last`, both included."""

    first: int
    last: int
    whole: int

    @property
    def length(self) -> int:
        return self.last - self.first + 1

    @property
    def content_range(self) -> str:
        return f"bytes {self.first}-{self.last}/{self.whole}"

    def of(self, body: bytes | LocalSlice) -> bytes | LocalSlice:
        """These bytes of the body."""
        if isinstance(body, bytes):
            return body[self.first : self.last + 1]
        return LocalSlice(body.path, body.offset + self.first, self.length)


def is_range_asked(request: HttpRequest) -> bool:
    return request.method == "GET" and _ONE_RANGE.fullmatch(request.headers.get("Range", "")) is not None


def span_asked(request: HttpRequest, whole: int, *, etag: str = "") -> Span | None:
    """The one range a request asks for; None if all is to be given.

    Several ranges, other units and what is no range at all are passed over, as RFC 9110 §14.2 allows, and so is a
    range of a representation that is no longer the one the client has.
    Raises  RangeRefused if no byte is in it.
    """
    condition = request.headers.get("If-Range", "").strip()
    if not is_range_asked(request) or (condition and (not etag or condition != etag)):
        return None
    asked = _ONE_RANGE.fullmatch(request.headers["Range"])
    start, end, suffix = asked.groups() if asked else ("", "", "")
    if suffix:
        first, last = max(0, whole - int(suffix)), whole - 1
    else:
        first, last = int(start), min(int(end), whole - 1) if end else whole - 1
        if end and int(end) < int(start):
            return None
    if first > last:
        raise RangeRefused("The range lies behind the end")
    return Span(first, last, whole)
