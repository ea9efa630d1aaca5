"""Texts packed by deflate such that packed texts can be put together without unpacking them.

Reference  RFC 1951 §3.2 (deflate blocks), RFC 1950 §2.2 (zlib stream), §8.2 (Adler-32)
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_BASE = 65521
_HEAD = b"\x78\x9c"
_LAST_BLOCK = b"\x03\x00"  # an empty block that says it is the last
FRAME_BYTES = len(_HEAD) + len(_LAST_BLOCK) + 4
_LEVEL = 5
_PIECE = 1 << 18
EMPTY_ADLER = 1


@dataclass(frozen=True, slots=True)
class Packed:
    """Deflate blocks, none of them the last, and of the text in them its length and its Adler-32."""

    blocks: bytes
    length: int
    adler32: int

    def followed_by(self, other: Packed) -> Packed:
        return Packed(
            self.blocks + other.blocks,
            self.length + other.length,
            adler_of_both(self.adler32, other.adler32, other.length),
        )


def packed(texts: Iterable[bytes]) -> Packed:
    """The texts, one after the other, as blocks that end at a byte."""
    deflater = zlib.compressobj(_LEVEL, wbits=-zlib.MAX_WBITS)
    blocks: list[bytes] = []
    length, adler = 0, EMPTY_ADLER
    for text in texts:
        blocks.append(deflater.compress(text))
        length += len(text)
        adler = zlib.adler32(text, adler)
    blocks.append(deflater.flush(zlib.Z_SYNC_FLUSH))
    return Packed(b"".join(blocks), length, adler)


def stored(text: bytes) -> Packed:
    """A short text as one block that is not compressed."""
    size = len(text)
    head = b"\0" + size.to_bytes(2, "little") + (size ^ 0xFFFF).to_bytes(2, "little")
    return Packed(head + text, size, zlib.adler32(text))


def stream_of(parts: Iterable[Packed]) -> Iterator[bytes]:
    """One zlib stream, which is what HTTP calls `deflate` (RFC 9110 §8.4.1.2)."""
    yield _HEAD
    adler = EMPTY_ADLER
    for part in parts:
        yield part.blocks
        adler = adler_of_both(adler, part.adler32, part.length)
    yield _LAST_BLOCK + adler.to_bytes(4, "big")


def plain(parts: Iterable[Packed]) -> Iterator[bytes]:
    """The texts, unpacked piece by piece."""
    for part in parts:
        inflater = zlib.decompressobj(wbits=-zlib.MAX_WBITS)
        rest = part.blocks
        while rest:
            piece = inflater.decompress(rest, _PIECE)
            rest = inflater.unconsumed_tail
            yield piece
        yield inflater.flush()


def adler_of_both(first: int, second: int, length: int) -> int:
    """The Adler-32 of two texts, from those of each and the length of the second."""
    low = ((first & 0xFFFF) + (second & 0xFFFF) - 1) % _BASE
    high = ((first >> 16) + (second >> 16) + length * ((first & 0xFFFF) - 1)) % _BASE
    return high << 16 | low
