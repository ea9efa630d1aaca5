"""Packed texts put together without unpacking them (RFC 1950, RFC 1951)."""

from __future__ import annotations

import zlib

from hypothesis import given
from hypothesis import strategies as st

from archive.studies.metadata.packing import EMPTY_ADLER, adler_of_both, packed, plain, stored, stream_of


@given(st.lists(st.lists(st.binary(max_size=200), max_size=4), max_size=4))
def test_any_texts_together_are_one_stream_that_zlib_reads(texts):
    parts = [stored(b"["), *(packed(group) for group in texts), stored(b"]")]
    expected = b"[" + b"".join(b"".join(group) for group in texts) + b"]"

    assert zlib.decompress(b"".join(stream_of(parts))) == expected
    assert b"".join(plain(parts)) == expected


@given(st.binary(), st.binary())
def test_the_checksum_of_two_follows_from_those_of_each(first, second):
    assert adler_of_both(zlib.adler32(first), zlib.adler32(second), len(second)) == zlib.adler32(
        first + second
    )


def test_what_is_put_behind_is_as_if_it_had_been_packed_with_it():
    both = packed([b"one"]).followed_by(packed([b", two"]))

    assert b"".join(plain([both])) == b"one, two"
    assert (both.length, both.adler32) == (8, zlib.adler32(b"one, two"))
    assert packed([]).adler32 == EMPTY_ADLER


def test_a_long_text_is_unpacked_piece_by_piece():
    pieces = list(plain([packed([bytes(3 << 20)])]))

    assert sum(map(len, pieces)) == 3 << 20
    assert max(map(len, pieces)) <= 1 << 18
