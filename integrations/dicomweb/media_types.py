"""Media types, and which of those on offer a request is answered in.

Reference  PS3.18 §8.7 (media types), §8.7.8.1 (which is selected), §8.3.3.1 (`accept` in the query), RFC 9110 §12.5.1
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote

from django.http import HttpRequest

from common.errors import InvalidInput
from integrations.dicomweb.errors import NotAcceptable

_LONGEST = 8192
_MOST_RANGES = 64
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
ANY_SYNTAX = "*"


@dataclass(frozen=True, slots=True)
class MediaType:
    """`type/subtype` in small letters, and its parameters by their names in small letters."""

    type: str
    parameters: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return "; ".join(
            [self.type, *(f"{name}={_quoted(value)}" for name, value in self.parameters.items())]
        )

    @property
    def part_type(self) -> str:
        """What the parts of a multipart/related message are of; of any other media type, itself."""
        return self.parameters.get("type", "").lower() if self.is_multipart else self.type

    @property
    def is_multipart(self) -> bool:
        return self.type == "multipart/related"

    @property
    def transfer_syntax(self) -> str:
        """The transfer syntax that is named, `*`, or nothing."""
        return self.parameters.get("transfer-syntax", "")

    def with_parameters(self, **parameters: str) -> MediaType:
        """As this, with further parameters; underscores in their names stand for hyphens."""
        named = {name.replace("_", "-"): value for name, value in parameters.items()}
        return MediaType(self.type, {**self.parameters, **named})


def related(part: MediaType | str) -> MediaType:
    """multipart/related whose parts are of this media type (PS3.18 §8.7.4)."""
    return MediaType("multipart/related", {"type": part.type if isinstance(part, MediaType) else part})


DICOM = MediaType("application/dicom")
DICOM_JSON = MediaType("application/dicom+json")
DICOM_XML = MediaType("application/dicom+xml")
JSON = MediaType("application/json")
OCTET_STREAM = MediaType("application/octet-stream")
ZIP = MediaType("application/zip")
JPEG = MediaType("image/jpeg")
PNG = MediaType("image/png")
GIF = MediaType("image/gif")
JLS = MediaType("image/jls")
JP2 = MediaType("image/jp2")
JPH = MediaType("image/jphc")
RLE = MediaType("image/dicom-rle")
PDF = MediaType("application/pdf")
WADL = MediaType("application/vnd.sun.wadl+xml")
MULTIPART_DICOM = related(DICOM)
MULTIPART_DICOM_XML = related(DICOM_XML)
MULTIPART_OCTET_STREAM = related(OCTET_STREAM)


@dataclass(frozen=True, slots=True)
class Range:
    """One thing a client accepts: a media type or a wild card, and how much it likes it."""

    wanted: MediaType
    quality: float = 1.0

    def covers(self, offer: MediaType) -> bool:
        """Whether the offer is within; a transfer syntax is left to whoever knows the objects."""
        if not _type_covers(self.wanted.type, offer.type):
            return False
        part = self.wanted.parameters.get("type", "").lower()
        return not part or not offer.is_multipart or _type_covers(part, offer.part_type)

    @property
    def precision(self) -> int:
        """How exactly the media type is named: the more exact range tells the quality (RFC 9110 §12.5.1)."""
        kind = 0 if self.wanted.type == "*/*" else 1 if self.wanted.type.endswith("/*") else 2
        return kind * 10 + len(self.wanted.parameters)


def accept_texts(request: HttpRequest, *, parameters: Sequence[str] = ("accept",)) -> tuple[str, ...]:
    """What the request says of media types it accepts: the lists are asked one after the other (§8.7.8.1).

    That of the query parameters goes before that of the header, whatever their quality values.
    """
    asked = ",".join(value for name in parameters for value in _query_values(request, name))
    header = str(request.META.get("HTTP_ACCEPT", ""))
    return tuple(text for text in (asked, header) if text) or ("",)


@functools.lru_cache(256)
def ranges_of(text: str) -> Sequence[Range]:
    """What one list names, the dearest first; nothing said is anything. Clients send the same one over and over.

    Raises  InvalidInput if it is not to be understood.
    """
    if len(text) > _LONGEST:
        raise InvalidInput("The list of accepted media types is too long", code="ACCEPT_TOO_LONG")
    ranges = [_range(item) for item in _split(text, ",")]
    if len(ranges) > _MOST_RANGES:
        raise InvalidInput("Too many accepted media types", code="ACCEPT_TOO_LONG")
    ranges = ranges or [Range(MediaType("*/*"))]
    return tuple(sorted(ranges, key=lambda one: (-one.quality, -one.precision)))


def negotiate(request: HttpRequest, offers: Sequence[MediaType]) -> MediaType:
    """The offer the client likes best; among equals the first. It carries the transfer syntax the client named.

    Raises  NotAcceptable if none will do; InvalidInput as `ranges_of`.
    """
    return next(negotiated(request, offers))


def negotiated(
    request: HttpRequest, offers: Sequence[MediaType], *, parameters: Sequence[str] = ("accept",)
) -> Iterator[MediaType]:
    """As `negotiate`, one after the other: what else would do, the dearest first. Never without an item.

    Raises  NotAcceptable, InvalidInput.
    """
    return negotiated_among(accept_texts(request, parameters=parameters), offers)


def negotiated_among(texts: Sequence[str], offers: Sequence[MediaType]) -> Iterator[MediaType]:
    """As `negotiated`, of the lists by which the client says it: of the first that names anything on offer.

    Raises  NotAcceptable, InvalidInput.
    """
    for text in texts:
        found = False
        for media in _acceptable(ranges_of(text), offers):
            found = True
            yield media
        if found:
            return
    named = ", ".join(str(offer) for offer in offers)
    raise NotAcceptable(f"The resource is available as: {named}")


def _acceptable(ranges: Sequence[Range], offers: Sequence[MediaType]) -> Iterator[MediaType]:
    for one in ranges:
        if one.quality <= 0:
            continue
        for offer in offers:
            if one.covers(offer) and not _is_excluded(offer, ranges):
                syntax = one.wanted.transfer_syntax
                yield offer.with_parameters(transfer_syntax=syntax) if syntax else offer


def parse_media_type(text: str) -> MediaType:
    """A Content-Type or one item of Accept. Raises InvalidInput."""
    kind, *rest = _split(text, ";") or [""]
    kind = kind.lower()
    if not all(_TOKEN.fullmatch(half) for half in kind.split("/")) or kind.count("/") != 1:
        raise InvalidInput("This is no media type", code="MEDIA_TYPE_MALFORMED")
    parameters = {}
    for item in rest:
        name, _equals, value = item.partition("=")
        parameters[name.strip().lower()] = _unquoted(value.strip())
    return MediaType(kind, parameters)


def query_text(request: HttpRequest, name: str) -> str:
    """A query parameter in which a plus is a plus, as in application/dicom+json; empty if it is not given."""
    return next(iter(_query_values(request, name)), "")


def _query_values(request: HttpRequest, name: str) -> list[str]:
    query = request.META.get("QUERY_STRING", "")
    if not query:
        return []
    pairs = (pair.partition("=") for pair in query.split("&"))
    return [unquote(value) for key, _equals, value in pairs if unquote(key) == name and value]


def _range(text: str) -> Range:
    media = parse_media_type("*/*" if text == "*" else text)
    parameters = dict(media.parameters)
    try:
        quality = float(parameters.pop("q", "1") or 1)
    except ValueError as error:
        raise InvalidInput("A quality value is no number", code="MEDIA_TYPE_MALFORMED") from error
    return Range(MediaType(media.type, parameters), min(max(quality, 0.0), 1.0))


def _is_excluded(offer: MediaType, ranges: Sequence[Range]) -> bool:
    """Whether the range that names the offer most exactly says q=0."""
    covering = [one for one in ranges if one.covers(offer)]
    most = max((one.precision for one in covering), default=0)
    return all(one.quality <= 0 for one in covering if one.precision == most)


def _type_covers(wanted: str, offered: str) -> bool:
    if wanted in {"*/*", offered}:
        return True
    return wanted.endswith("/*") and offered.startswith(wanted[:-1])


def _split(text: str, separator: str) -> list[str]:
    """The parts between separators that do not stand in a quoted string."""
    parts, start, is_quoted = [], 0, False
    for at, letter in enumerate(text):
        if letter == '"' and (at == 0 or text[at - 1] != "\\"):
            is_quoted = not is_quoted
        elif letter == separator and not is_quoted:
            parts.append(text[start:at])
            start = at + 1
    parts.append(text[start:])
    return [part.strip() for part in parts if part.strip()]


def _unquoted(value: str) -> str:
    if len(value) >= 2 and value[0] == value[-1] == '"':
        return re.sub(r"\\(.)", r"\1", value[1:-1])
    return value


def _quoted(value: str) -> str:
    if _TOKEN.fullmatch(value):
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
