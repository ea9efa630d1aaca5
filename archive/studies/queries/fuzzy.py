"""Fuzzy matching of names: their parts in any order, begun or whole, or what sounds like them.

Reference  PS3.4 §C.2.2.2.1.1 (matching of PN may be fuzzy), PS3.18 §8.3.4.2 (fuzzymatching)
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from archive.mpi.names import component_sql, folded, sound_of, sound_sql
from archive.studies.queries.matching import EMPTY, Condition, all_of, any_of, like_pattern, matches_person

_BETWEEN = re.compile(r"[\s^=*?,.]+")
_MOST_WORDS = 8
_FAMILY, _GIVEN = 1, 2


def matches_name_fuzzily(alphabetic: str, ideographic: str, values: Sequence[str]) -> Condition:
    """Patients of whose family and given name every word of the key begins one, or sounds like one.

    Each way is served by an index of its own.
    """
    return any_of([_all_words(alphabetic, ideographic, value) for value in values])


def _all_words(alphabetic: str, ideographic: str, value: str) -> Condition:
    if value == EMPTY:
        return Condition(f"({alphabetic} IN ('', '^') AND {ideographic} = '')")
    words = [word for word in words_of(value) if folded(word)]
    return all_of([_word(alphabetic, ideographic, word) for word in words]) if words else Condition("true")


def _word(alphabetic: str, ideographic: str, word: str) -> Condition:
    plain = folded(word)
    begun, sound = like_pattern(plain) + "%", sound_of(plain)
    ways = [
        Condition(f"{alphabetic} LIKE %s", (begun,)),
        Condition(f"{component_sql(alphabetic, _GIVEN)} LIKE %s", (begun,)),
    ]
    if word.isascii():
        ways += [
            Condition(f"{sound_sql(alphabetic, component)} = %s", (sound,)) for component in (_FAMILY, _GIVEN)
        ]
    else:
        ways.append(Condition(f"{ideographic} LIKE %s", (like_pattern(word) + "%",)))
    return any_of(ways)


def matches_words(column: str, values: Sequence[str]) -> Condition:
    """A name kept as one text that holds every word of the key, without regard to case and order."""
    return any_of([_holds_all(column, value) for value in values])


def _holds_all(column: str, value: str) -> Condition:
    if value == EMPTY:
        return matches_person(column, [value])
    words = [Condition(f"upper({column}) LIKE upper(%s)", (f"%{like_pattern(w)}%",)) for w in words_of(value)]
    return all_of(words) if words else Condition("true")


def words_of(value: str) -> list[str]:
    """The words of a key, without wild cards."""
    return [word for word in _BETWEEN.split(value) if word][:_MOST_WORDS]
