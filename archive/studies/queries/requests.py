"""What is asked: the level, the keys, and the rules both obey."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from common.errors import InvalidInput

MOST_VALUES = 20_000
LONGEST_VALUE = 1024
MOST_WILDCARDS = 32


class Level(IntEnum):
    """The levels of the Query/Retrieve information models, from the top (PS3.4 §C.6)."""

    PATIENT = 0
    STUDY = 1
    SERIES = 2
    IMAGE = 3


@dataclass(frozen=True, slots=True)
class Key:
    """An attribute to be answered and, where it has values, to be matched by.

    No value is universal matching. `items` holds the keys within the item of a sequence.
    """

    tag: int
    vr: str
    values: tuple[str, ...] = ()
    items: tuple[Key, ...] = ()

    @property
    def is_universal(self) -> bool:
        if self.items:
            return all(key.is_universal for key in self.items)
        return not self.values or all(value and not value.strip("*") for value in self.values)


@dataclass(frozen=True, slots=True)
class Query:
    """A query of the Patient Root or Study Root model.

    `is_relational`: unique keys above the level may be left out. `is_datetime_combined`: a date and a time
    range are one range. `is_fuzzy`: names also match by how they sound, in any order of their parts. `limit` and
    `offset` page through a stable order.
    """

    level: Level
    keys: tuple[Key, ...]
    is_patient_root: bool = False
    is_relational: bool = False
    is_datetime_combined: bool = False
    is_fuzzy: bool = False
    limit: int | None = None
    offset: int = 0

    def key(self, tag: int) -> Key | None:
        return next((key for key in self.keys if key.tag == tag), None)


UNIQUE_KEYS = {
    Level.PATIENT: (0x00100020, "PatientID"),
    Level.STUDY: (0x0020000D, "StudyInstanceUID"),
    Level.SERIES: (0x0020000E, "SeriesInstanceUID"),
    Level.IMAGE: (0x00080018, "SOPInstanceUID"),
}


def check_query(query: Query) -> None:
    """Raises InvalidInput where the query breaks the rules of its model or is larger than any real one.

    Reference  PS3.4 §C.4.1.2.1 (hierarchical search), §C.6.1.1, §C.6.2.1
    """
    if query.level is Level.PATIENT and not query.is_patient_root:
        raise InvalidInput("The Study Root model has no PATIENT level", code="QUERY_LEVEL")
    for key in query.keys:
        check_size(key)
    if query.is_relational:
        return
    top = Level.PATIENT if query.is_patient_root else Level.STUDY
    for level in range(top, query.level):
        tag, keyword = UNIQUE_KEYS[Level(level)]
        held = query.key(tag)
        if held is None or held.is_universal:
            raise InvalidInput(
                f"{keyword} is needed at the {query.level.name} level",
                code="UNIQUE_KEY_MISSING",
                fields={keyword: "is missing"},
            )


def check_size(key: Key) -> None:
    """Raises InvalidInput for a key that could only cost, never match."""
    if len(key.values) > MOST_VALUES:
        raise InvalidInput("A key has too many values", code="KEY_TOO_LONG")
    for value in key.values:
        if len(value) > LONGEST_VALUE:
            raise InvalidInput("The value of a key is too long", code="KEY_TOO_LONG")
        if value.count("*") > MOST_WILDCARDS:
            raise InvalidInput("The value of a key has too many wild cards", code="KEY_TOO_LONG")
    for key_within in key.items:
        check_size(key_within)
