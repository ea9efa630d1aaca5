"""Multipart messages, whole, cut into pieces of any size, and malformed."""

from __future__ import annotations

import io
import tracemalloc
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import InvalidInput
from integrations.dicomweb import multipart_reading
from integrations.dicomweb.errors import TooLarge
from integrations.dicomweb.media_types import parse_media_type
from integrations.dicomweb.multipart_reading import IncomingPart, boundary_of, read_parts

BOUNDARY = b"frontier"
LIMITS = {"largest_part": 1 << 30, "most_parts": 100}


def message(*bodies: bytes, head: bytes = b"Content-Type: application/dicom\r\n") -> bytes:
    parts = [b"--frontier\r\n" + head + b"\r\n" + body + b"\r\n" for body in bodies]
    return b"".join(parts) + b"--frontier--\r\n"


def bodies_of(data: bytes, **limits: int) -> list[bytes]:
    return [b"".join(part.body) for part in read_parts(io.BytesIO(data), BOUNDARY, **LIMITS | limits)]


def test_parts_come_as_they_were_sent():
    assert bodies_of(message(b"one", b"", b"th\r\nree\r\n")) == [b"one", b"", b"th\r\nree\r\n"]


def test_header_fields_are_known_by_their_names_in_small_letters():
    head = (
        b'CONTENT-type: application/dicom; transfer-syntax="1.2.840.10008.1.2.1"\r\nContent-Location: a/1\r\n'
    )
    [part] = read_parts(io.BytesIO(message(b"x", head=head)), BOUNDARY, **LIMITS)

    assert part.headers["content-location"] == "a/1"
    assert part.media_type is not None
    assert part.media_type.type == "application/dicom"
    assert part.media_type.transfer_syntax == "1.2.840.10008.1.2.1"


def test_what_stands_before_and_after_the_parts_is_passed_over():
    assert bodies_of(b"preamble\r\n" + message(b"one") + b"epilogue") == [b"one"]


def test_white_space_behind_a_delimiter_is_allowed():
    assert bodies_of(b"--frontier \t\r\n\r\none\r\n--frontier--") == [b"one"]


def test_a_part_without_header_fields_is_a_part():
    assert bodies_of(b"--frontier\r\n\r\none\r\n--frontier--") == [b"one"]


def test_parts_nobody_reads_are_passed_over():
    parts = read_parts(io.BytesIO(message(b"one" * 1000, b"two")), BOUNDARY, **LIMITS)

    assert len(list(parts)) == 2


@given(
    bodies=st.lists(st.binary(max_size=60) | st.just(b"\r\n--frontie") | st.just(b"\r\n\r\n--"), max_size=4),
    piece=st.integers(1, 40),
)
def test_however_it_is_cut_the_message_is_the_same(bodies, piece):
    bodies = [body for body in bodies if b"--frontier" not in body]

    class Slow(io.BytesIO):
        def read(self, size=-1, /):
            return super().read(min(size, piece))

    parts = read_parts(Slow(message(*bodies)), BOUNDARY, **LIMITS)
    assert [b"".join(part.body) for part in parts] == bodies


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no delimiter at all",
        b"--frontier",
        b"--frontier\r\nContent-Type: application/dicom\r\n\r\nbreaks off",
        b"--frontier\r\nno field\r\n\r\nx\r\n--frontier--",
        b"--frontier\r\n: no name\r\n\r\nx\r\n--frontier--",
        b"--frontier\r\nA: 1\r\na: 2\r\n\r\nx\r\n--frontier--",
        b"--frontier and more\r\n\r\nx\r\n--frontier--",
        b"--frontier\r\n" + b"A: " + b"x" * 20_000 + b"\r\n\r\nx\r\n--frontier--",
        b"--frontier" + b" " * 5_000 + b"\r\n\r\nx\r\n--frontier--",
    ],
)
def test_a_malformed_message_is_refused(data):
    with pytest.raises(InvalidInput):
        bodies_of(data)


def test_a_larger_part_than_is_taken_is_refused():
    assert bodies_of(message(b"12345"), largest_part=5) == [b"12345"]
    with pytest.raises(TooLarge):
        bodies_of(message(b"123456"), largest_part=5)


def test_more_parts_than_are_taken_are_refused():
    assert len(bodies_of(message(*[b"x"] * 5), most_parts=5)) == 5
    with pytest.raises(TooLarge):
        bodies_of(message(*[b"x"] * 6), most_parts=5)


def exhaust(parts: Iterable[IncomingPart]) -> None:
    for part in parts:
        for _piece in part.body:
            pass


@pytest.mark.parametrize("endless", [b"x" * 65536, b"\r\n", b"--frontier\r\n\r\n" + b"\0" * 1000 + b"\r\n"])
def test_an_endless_message_takes_a_few_pieces_of_memory(endless, monkeypatch):
    monkeypatch.setattr(multipart_reading, "PIECE", 64 << 10)

    class Endless:
        left = 32 << 20

        def read(self, size, /):
            self.left -= size
            return (endless * (size // len(endless) + 1))[:size] if self.left > 0 else b""

    tracemalloc.start()
    try:
        with pytest.raises((InvalidInput, TooLarge)):
            exhaust(read_parts(Endless(), BOUNDARY, largest_part=1 << 30, most_parts=1 << 30))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 1 << 20


@pytest.mark.parametrize("boundary", ["", '"' + "x" * 71 + '"', '"ends with "', '"ümlaut"', '"line\nend"'])
def test_a_boundary_no_message_may_have_is_refused(boundary):
    with pytest.raises(InvalidInput):
        boundary_of(parse_media_type(f"multipart/related; boundary={boundary}"))


def test_a_boundary_may_be_quoted():
    media = parse_media_type('multipart/related; type="application/dicom"; boundary="a b=c"')
    assert boundary_of(media) == b"a b=c"
