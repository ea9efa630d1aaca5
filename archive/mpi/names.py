"""Names as they are compared: without regard to case, width and accents.

Reference  PS3.4 §C.2.2.2.1 (matching of PN may ignore case and accents)
"""

from __future__ import annotations

import unicodedata

_KANA_MARKS = frozenset("\u3099\u309a")  # turn one syllable into another: no accents


def matching_name(family_name: str, given_name: str) -> str:
    """`family^given` as it is compared."""
    return folded(f"{family_name}^{given_name}")


def folded(text: str) -> str:
    """A name or a pattern of one without case, width and accents."""
    if text.isascii():
        return text.lower()
    plain = (
        character
        for character in unicodedata.normalize("NFKD", text)
        if character in _KANA_MARKS or unicodedata.category(character) != "Mn"
    )
    return unicodedata.normalize("NFC", "".join(plain).casefold())
