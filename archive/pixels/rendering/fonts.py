"""Fonts to draw words in.

The one that comes with Pillow has the letters of ASCII. Words with others are drawn in the machine's font that has most
of them: Debian's fonts-dejavu-core has the alphabets of Europe, fonts-noto-cjk those of East Asia. Letters that no font
has show as boxes.
"""

from __future__ import annotations

import functools

from PIL import ImageFont

# As the machine may have them, and which of a collection: the third has simplified Chinese.
FILES = (("DejaVuSans.ttf", 0), ("NotoSansCJK-Regular.ttc", 2), ("wqy-microhei.ttc", 0))
_OWN = ("", 0)
_ANY_HEIGHT = 16
_NO_LETTER = "\U0010ffff"
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def font_for(text: str, height: int) -> Font:
    """A font of letters so many pixels high, which has as many of the text's letters as any."""
    letters = {letter for letter in text if not letter.isascii()}
    candidates = [_OWN, *(file for file in FILES if _is_there(*file))] if letters else [_OWN]
    name, index = min(candidates, key=lambda file: sum(not _has(*file, letter) for letter in letters))
    return _opened(name, index, height)


@functools.lru_cache(64)
def _opened(name: str, index: int, height: int) -> Font:
    return ImageFont.truetype(name, height, index) if name else ImageFont.load_default(height)


@functools.cache
def _is_there(name: str, index: int) -> bool:
    try:
        _opened(name, index, _ANY_HEIGHT)
    except OSError:
        return False
    return True


@functools.lru_cache(4096)
def _has(name: str, index: int, letter: str) -> bool:
    """A font draws all letters that it does not have alike."""
    font = _opened(name, index, _ANY_HEIGHT)
    return bytes(font.getmask(letter)) != bytes(font.getmask(_NO_LETTER))
