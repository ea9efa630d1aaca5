"""Fonts to draw words in.

The one that comes with Pillow has the letters of ASCII. Words with others are drawn in the machine's font that has most
of them: Debian's fonts-dejavu-core has the alphabets of Europe, fonts-noto-cjk those of East Asia. Letters that no font
has show as boxes. Of the fonts a style may name, the generic families are followed, as far as the machine has one: no
file is ever looked for by a name that came with a state.

Reference  PS3.3 §C.10.5.1.3.12 (text style), CSS 2.1 §15.3.1 (generic font families)
"""

from __future__ import annotations

import functools

from PIL import ImageFont

# As the machine may have them, and which of a collection: the third has simplified Chinese.
FILES = (("DejaVuSans.ttf", 0), ("NotoSansCJK-Regular.ttc", 2), ("wqy-microhei.ttc", 0))
FAMILIES = {
    "serif": (("DejaVuSerif.ttf", 0), ("NotoSerifCJK-Regular.ttc", 2)),
    "monospace": (("DejaVuSansMono.ttf", 0),),
}
_OWN = ("", 0)
_ANY_HEIGHT = 16
_NO_LETTER = "\U0010ffff"
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def font_for(text: str, height: int, family: str = "") -> Font:
    """A font of letters so many pixels high, which has as many of the text's letters as any."""
    letters = {letter for letter in text if not letter.isascii()}
    of_family, others = FAMILIES.get(family, ()), FILES if letters else ()
    candidates = [
        *(file for file in of_family if _is_there(*file)), _OWN, *(file for file in others if _is_there(*file))
    ]  # fmt: skip
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
