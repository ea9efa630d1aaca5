"""Answers taken apart, by other readers than the product's."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email import message_from_bytes
from typing import Any


@dataclass(frozen=True)
class AnswerPart:
    """One part of a message: its header fields by name in small letters, and its body."""

    headers: dict[str, str]
    body: bytes

    @property
    def media_type(self) -> str:
        return self.headers["content-type"].partition(";")[0]

    @property
    def transfer_syntax(self) -> str:
        found = re.search(r"transfer-syntax=\"?([0-9.]+)", self.headers["content-type"])
        return found[1] if found else ""


def body_of(response) -> bytes:
    return b"".join(response.streaming_content) if response.streaming else response.content


def parts_of(response) -> Any:
    """The parts as Python's own library for messages reads them."""
    body = body_of(response)
    if "Content-Length" in response:
        assert int(response["Content-Length"]) == len(body)
    whole = b"Content-Type: " + response["Content-Type"].encode() + b"\r\n\r\n" + body
    message = message_from_bytes(whole)
    assert message.is_multipart()
    return message.get_payload()


def strict_parts(response) -> list[AnswerPart]:
    """The parts of a message that keeps to RFC 2046 §5.1.1 to the letter, told so by RFC 2387's parameters."""
    body, kind = body_of(response), response["Content-Type"]
    assert kind.startswith("multipart/related; ")
    root = re.search(r'type="([^"]+)"', kind)
    mark = re.search(r"boundary=\"?([0-9A-Za-z'()+_,./:=? -]{1,70})\"?", kind)
    assert root
    assert mark
    if "Content-Length" in response:
        assert int(response["Content-Length"]) == len(body)
    delimiter = b"--" + mark[1].encode()
    assert body.startswith(delimiter + b"\r\n")
    assert body.endswith(b"\r\n" + delimiter + b"--\r\n")
    inner = body[len(delimiter) + 2 : -len(delimiter) - 6]
    parts = [_part(piece) for piece in inner.split(b"\r\n" + delimiter + b"\r\n")]
    assert parts[0].media_type == root[1]
    return parts


def _part(piece: bytes) -> AnswerPart:
    head, gap, body = piece.partition(b"\r\n\r\n")
    assert gap
    headers = {}
    for line in head.decode("ascii").split("\r\n"):
        name, _colon, value = line.partition(": ")
        assert name.lower() not in headers
        headers[name.lower()] = value
    if "content-length" in headers:
        assert int(headers["content-length"]) == len(body)
    return AnswerPart(headers, body)
