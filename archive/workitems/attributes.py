"""What the standard asks of every attribute of a workitem, as its tables say it.

The tables are files beside this one: `table_cc_2_5_3.csv` with `>` for what is within a sequence, and
`macros_cc_2_5_2.csv`. Requirements are written "user agent/origin server"; `no` is not allowed, `own` has rules of
its own in the text of the clause.

Reference  PS3.4 Table CC.2.5-3, Tables CC.2.5-2a to -2g
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from pydicom.datadict import tag_for_keyword

from archive.studies.datasets import vr_of

_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Attribute:
    """One row: requirement types of creating and of setting, Final State code, types as matching and return key."""

    keyword: str
    create: str
    set: str
    final: str = "O"
    match: str = "-"
    returned: str = "-"
    macro: str = ""
    items: dict[str, Attribute] = field(default_factory=dict)

    @property
    def tag(self) -> str:
        return tag_of(self.keyword)

    @property
    def vr(self) -> str:
        return vr_of(int(self.tag, 16))

    @property
    def is_answered(self) -> bool:
        """Whether a search answers it unasked: Return Key Type 1 or 2 (PS3.18 §11.9.2)."""
        return self.returned in {"1", "2"}

    @property
    def is_matched(self) -> bool:
        return self.match in {"R", "O", "U", "*"}


Attributes = dict[str, Attribute]  # by tag, as DICOM JSON writes it


@lru_cache(maxsize=512)
def tag_of(keyword: str) -> str:
    """The tag as DICOM JSON writes it."""
    tag = tag_for_keyword(keyword)
    if tag is None:
        raise LookupError(keyword)
    return f"{tag:08X}"


@lru_cache(maxsize=1)
def workitem_attributes() -> Attributes:
    """Table CC.2.5-3, with its macros in place."""
    macros = _macros()
    top: Attributes = {}
    within = [top]
    for row in _rows("table_cc_2_5_3.csv"):
        depth = len(row["attribute"]) - len(row["attribute"].lstrip(">"))
        attribute = Attribute(
            row["attribute"].lstrip(">"), row["create"], row["set"], row["final"], row["match"], row["return"],
            row["macro"], dict(macros.get(row["macro"], {})),
        )  # fmt: skip
        within = within[: depth + 1]
        within[depth][attribute.tag] = attribute
        within.append(attribute.items)
    return top


def _macros() -> dict[str, Attributes]:
    macros: dict[str, Attributes] = {}
    for row in _rows("macros_cc_2_5_2.csv"):
        items = macros.setdefault(row["macro"], {})
        items[tag_of(row["attribute"])] = Attribute(
            row["attribute"], row["create"], row["set"], match=row["match"], macro=row["macro_within"]
        )
    for items in macros.values():
        for attribute in items.values():
            attribute.items.update(macros.get(attribute.macro, {}))
    return macros


def _rows(name: str) -> Iterator[dict[str, str]]:
    with (_HERE / name).open(encoding="ascii", newline="") as file:
        yield from csv.DictReader(file)
