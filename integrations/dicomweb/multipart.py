"""multipart/related messages, written part by part as they are sent.

Reference  PS3.18 §8.6.1 (payloads of several parts), RFC 2387 (multipart/related), RFC 2046 §5.1
"""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from django.http import StreamingHttpResponse

from archive.storage.objects import LocalSlice
from integrations.dicomweb.media_types import MediaType, related
from integrations.dicomweb.sending import pieces


@dataclass(frozen=True, slots=True)
class Part:
    """One part: what it is, where it can be had by itself, and its bytes.

    `length` is told to the client where it is known beforehand; that of a slice of a file is.
    """

    content_type: MediaType
    body: bytes | LocalSlice | Iterable[bytes]
    length: int | None = None
    location: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def known_length(self) -> int | None:
        if isinstance(self.body, bytes):
            return len(self.body)
        return self.body.length if isinstance(self.body, LocalSlice) else self.length


def multipart_stream(
    parts: Iterable[Part], *, root: MediaType, status: int = 200, boundary: str = ""
) -> StreamingHttpResponse:
    """An answer of these parts, sent as they are made; `root` is the media type the first of them has.

    Parts in a sequence whose lengths are all known make an answer with a Content-Length. The first part of any
    other iterable is made before this returns, so that its refusal is still told by a status.
    """
    mark = boundary or secrets.token_hex(16)
    content_type = str(related(root).with_parameters(**_syntax(root), boundary=mark))
    if isinstance(parts, Sequence) and all(part.known_length is not None for part in parts):
        heads = [_head(part, mark, is_first=number == 0) for number, part in enumerate(parts)]
        response = StreamingHttpResponse(
            _message(zip(heads, parts, strict=True), mark), content_type=content_type, status=status
        )
        lengths = sum(len(head) + (part.known_length or 0) for head, part in zip(heads, parts, strict=True))
        response.headers["Content-Length"] = str(lengths + len(_end(mark)))
        return response
    made = iter(parts)
    ahead = list(itertools.islice(made, 1))
    return StreamingHttpResponse(
        _message(_with_heads(itertools.chain(ahead, made), mark), mark),
        content_type=content_type,
        status=status,
    )


def _with_heads(parts: Iterable[Part], boundary: str) -> Iterator[tuple[bytes, Part]]:
    for number, part in enumerate(parts):
        yield _head(part, boundary, is_first=number == 0), part


def _message(parts: Iterable[tuple[bytes, Part]], boundary: str) -> Iterator[bytes]:
    for head, part in parts:
        yield from pieces(part.body, before=head)
    yield _end(boundary)


def _head(part: Part, boundary: str, *, is_first: bool) -> bytes:
    lines = ["" if is_first else "\r\n", f"--{boundary}\r\n", f"Content-Type: {part.content_type}\r\n"]
    known = part.known_length
    if known is not None:
        lines.append(f"Content-Length: {known}\r\n")
    if part.location:
        lines.append(f"Content-Location: {part.location}\r\n")
    lines += [f"{name}: {value}\r\n" for name, value in part.headers.items()]
    return "".join([*lines, "\r\n"]).encode()


def _end(boundary: str) -> bytes:
    return f"\r\n--{boundary}--\r\n".encode()


def _syntax(root: MediaType) -> dict[str, str]:
    return {"transfer_syntax": root.transfer_syntax} if root.transfer_syntax else {}
