"""Table E.1-1 as data: what the Basic profile and each option do with an attribute.

`table_e_1_1.csv` holds a row an attribute: its tag, the basic action and what options change about it. Codes:
D dummy, Z zero length, X remove, K keep, C clean, U new UID; X/Z, X/D, Z/D, X/Z/D and X/Z/U* leave the choice to
the attribute's type in the IOD, and U* renews the UIDs inside a sequence.

The columns are those of edition 2026c; of nine rows that came last the option columns were read in a copy that does
not name its edition.

Reference  PS3.15 §E.1.1 and Table E.1-1, edition 2026c
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

from archive.deidentification.options import Option

EDITION = "2026c"
_FILE = Path(__file__).with_name("table_e_1_1.csv")


class Action(StrEnum):
    """What is done with an attribute, once the combined codes and the options are resolved."""

    REMOVE = "X"
    EMPTY = "Z"
    DUMMY = "D"
    KEEP = "K"
    NEW_UID = "U"
    CLEAN = "C"


# Where the standard leaves the choice to the attribute's type in the IOD, the action is taken that keeps
# the object valid whatever the type is: a dummy satisfies type 1, 2 and 3, an empty value types 2 and 3.
RESOLVED = {
    "X": Action.REMOVE,
    "Z": Action.EMPTY,
    "D": Action.DUMMY,
    "U": Action.NEW_UID,
    "Z/D": Action.DUMMY,
    "X/Z": Action.EMPTY,
    "X/D": Action.DUMMY,
    "X/Z/D": Action.DUMMY,
    "X/Z/U*": Action.NEW_UID,
}


# Attributes whose type is known where their code alone would make an object invalid: Presentation Creation
# Date and Time are of type 1 (PS3.3 §C.11.10), Referenced Study Sequence is never empty (§C.7.2.1), and a hanging
# protocol must hold the reason of the procedure it is for (§C.23.1), if only empty.
KNOWN_TYPES = {
    0x00700082: Action.DUMMY,
    0x00700083: Action.DUMMY,
    0x00081110: Action.REMOVE,
}
KNOWN_TYPES_INSIDE = {(0x0072000C, 0x0040100A): Action.EMPTY}


@dataclass(frozen=True, slots=True)
class Rule:
    """One row: the basic code as printed, and the code of each option that has one."""

    keyword: str
    basic: str
    options: dict[Option, str]

    def action(self, chosen: frozenset[Option]) -> tuple[Action, Option] | None:
        """What the chosen options change, and which one decides; keeping goes before cleaning.

        Only dates that are to be modified are, also those of devices whose identity is kept: one real date would
        give the shift of all others away.
        """
        shift = Option.RETAIN_MODIFIED_DATES
        if shift in chosen and shift in self.options:
            return Action(self.options[shift]), shift
        for code in ("K", "C", "X"):
            for option, own in self.options.items():
                if own == code and option in chosen:
                    return Action(code), option
        return None

    def without_options(self, tag: int, *, inside: int = 0) -> Action:
        """The basic action, as the attribute's type asks for it where that is known."""
        known = KNOWN_TYPES_INSIDE.get((inside, tag)) or KNOWN_TYPES.get(tag)
        return known or RESOLVED[self.basic]


@cache
def rules() -> dict[int, Rule]:
    """The rows by tag; those for whole groups and private attributes are in `group_rules`."""
    return {int(tag, 16): rule for tag, rule in _rows() if tag.isalnum() and "X" not in tag and len(tag) == 8}


@cache
def group_rules() -> dict[str, Rule]:
    """The rows that stand for many tags: 50XXXXXX, 60XX3000, 60XX4000 and PRIVATE."""
    return {tag: rule for tag, rule in _rows() if "X" in tag or tag == "PRIVATE"}


def _rows() -> list[tuple[str, Rule]]:
    with _FILE.open(newline="") as file:
        return [(row["tag"], _rule(row)) for row in csv.DictReader(file)]


def _rule(row: dict[str, str]) -> Rule:
    pairs = (part.split("=") for part in row["options"].split())
    return Rule(row["keyword"], row["basic"], {Option(name): code for name, code in pairs})
