"""What each search resource answers, asked or not.

Reference  PS3.18 §10.6.3.3, Tables 10.6.3-3 (study), 10.6.3-4 (series), 10.6.3-5 (instance)
"""

from __future__ import annotations

from dataclasses import dataclass

from archive.studies.datasets import vr_of
from archive.studies.queries.catalogue import tags_at
from archive.studies.queries.requests import UNIQUE_KEYS, Key, Level, Query
from common.errors import InvalidInput
from common.uids import is_uid_lenient
from integrations.dicomweb.search.parameters import SearchParameters

_STUDY = (
    0x00080020, 0x00080030, 0x00080050, 0x00080056, 0x00080061, 0x00080090, 0x00080201, 0x00100010, 0x00100020,
    0x00100030, 0x00100040, 0x0020000D, 0x00200010, 0x00201206, 0x00201208,
)  # fmt: skip
_SERIES = (
    0x00080060, 0x00080201, 0x0008103E, 0x0020000D, 0x0020000E, 0x00200011, 0x00201209, 0x00400244, 0x00400245,
    0x00400275,
)  # fmt: skip
_INSTANCE = (
    0x00080016, 0x00080018, 0x00080056, 0x00080201, 0x0020000D, 0x0020000E, 0x00200013, 0x00280008, 0x00280010,
    0x00280011, 0x00280100,
)  # fmt: skip
_REQUIRED = {Level.STUDY: _STUDY, Level.SERIES: _SERIES, Level.IMAGE: _INSTANCE}
AT_MOST = {Level.STUDY: 5_000, Level.SERIES: 5_000, Level.IMAGE: 20_000}


@dataclass(frozen=True, slots=True)
class SearchResource:
    """Everything at a level, or what lies below the study and series that the path names."""

    level: Level
    study: str = ""
    series: str = ""

    @property
    def named(self) -> dict[Level, str]:
        """The levels the path names, with their UIDs."""
        return {level: uid for level, uid in ((Level.STUDY, self.study), (Level.SERIES, self.series)) if uid}

    def query(self, asked: SearchParameters) -> tuple[Query, int]:
        """The query of one page, which asks for one row more than the page holds; and how many it holds.

        Raises  InvalidInput for a path without UIDs, and for a UID that path and query both name.
        """
        keys: dict[int, Key] = {key.tag: key for key in asked.keys}
        for level, uid in self.named.items():
            tag, keyword = UNIQUE_KEYS[level]
            if not is_uid_lenient(uid):
                raise InvalidInput(f"The path names no {keyword}", code="UID_UNUSABLE")
            if tag in keys and not keys[tag].is_universal:
                raise InvalidInput(f"{keyword} is named by the path", code="PARAMETER_TWICE")
            keys[tag] = Key(tag, "UI", (uid,))
        for tag in self._answered(asked):
            keys.setdefault(tag, Key(tag, vr_of(tag)))
        most = AT_MOST[self.level] if asked.limit is None else min(asked.limit, AT_MOST[self.level])
        query = Query(
            self.level, tuple(keys.values()), is_relational=True, is_fuzzy=asked.is_fuzzy,
            limit=most + 1, offset=asked.offset,
        )  # fmt: skip
        return query, most

    def _answered(self, asked: SearchParameters) -> list[int]:
        """The tags required of every level the path does not name, and those asked for."""
        levels = [level for level in _REQUIRED if level <= self.level and level not in self.named]
        required = [tag for level in levels for tag in _REQUIRED[level]]
        if not asked.is_everything_included:
            return [*required, *asked.included]
        top = Level.PATIENT if Level.STUDY in levels else min(levels)  # the patient is told with the study
        return [*required, *tags_at(self.level, down_to=top), *asked.included]
