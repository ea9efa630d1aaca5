"""Names as they are compared: without regard to case, width and accents.

Reference  PS3.4 §C.2.2.2.1 (matching of PN may ignore case and accents), PS3.5 §6.2.1.1 (the five components)
"""

from __future__ import annotations

import re
import unicodedata

_KANA_MARKS = frozenset("\u3099\u309a")  # turn one syllable into another: no accents


def matching_name(
    family_name: str, given_name: str, middle_name: str = "", prefix: str = "", suffix: str = ""
) -> str:
    """The components as they are compared: family and given always, the others as far as there are any."""
    return folded(f"{family_name}^{given_name}{further(middle_name, prefix, suffix)}")


def further(middle_name: str, prefix: str, suffix: str) -> str:
    """The components behind family and given name, each with its caret; those at the end that are empty left out.

    Reference  PS3.5 §6.2.1.1
    """
    return f"^{middle_name}^{prefix}^{suffix}".rstrip("^")


def shown_name_sql(alias: str) -> str:
    """The SQL of a patient's name as a DICOM PN, alphabetic=ideographic (PS3.5 §6.2.1)."""
    parts = ("family_name", "given_name", "middle_name", "name_prefix", "name_suffix")
    return (
        f"rtrim(concat_ws('^', {', '.join(f'{alias}.{part}' for part in parts)}), '^') || "
        f"CASE WHEN {alias}.ideographic_name <> '' THEN '=' || {alias}.ideographic_name ELSE '' END"
    )


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


_SOUNDS = (
    "bfpvcgjkqsxzdtlmnraeiouyhw0123456789",
    "111122222222334556",
)


def sound_of(name: str) -> str:
    """How a folded name sounds: its first letter, then classes of consonants as Soundex has them.

    Vowels and digits say nothing; letters outside the Latin alphabet stand for themselves. `sound_sql` says
    the same to the database.
    """
    letters, classes = _SOUNDS
    table = str.maketrans(letters[: len(classes)], classes, letters[len(classes) :])
    return name[:1] + re.sub(r"(.)\1+", r"\1", name[1:].translate(table))


def sound_sql(column: str, component: int) -> str:
    """The SQL of how a component of `matching_name` sounds; components are counted from 1."""
    part, (letters, classes) = component_sql(column, component), _SOUNDS
    return (
        f"(left({part}, 1) || regexp_replace(translate(substr({part}, 2), '{letters}', '{classes}'), "
        "'(.)\\1+', '\\1', 'g'))"
    )


def component_sql(column: str, component: int) -> str:
    """The SQL of one component of `matching_name`."""
    return f"split_part({column}, '^', {component})"
