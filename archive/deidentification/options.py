"""The options of PS3.15 Annex E as switches, with the codes that say which were applied.

Reference  PS3.15 §E.3, PS3.16 CID 7050
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from common.errors import InvalidInput


class Option(StrEnum):
    """A switch. The values are what routing tables and settings write; the table's columns bear them too."""

    CLEAN_PIXEL_DATA = "pixel_data"
    CLEAN_VISUAL_FEATURES = "visual_features"
    CLEAN_GRAPHICS = "graphics"
    CLEAN_STRUCTURED_CONTENT = "structured"
    CLEAN_DESCRIPTORS = "descriptors"
    RETAIN_FULL_DATES = "full_dates"
    RETAIN_MODIFIED_DATES = "modified_dates"
    RETAIN_PATIENT_CHARACTERISTICS = "patient"
    RETAIN_DEVICE_IDENTITY = "device"
    RETAIN_UIDS = "uids"
    RETAIN_SAFE_PRIVATE = "private"
    RETAIN_INSTITUTION_IDENTITY = "institution"


BASIC_PROFILE = ("113100", "Basic Application Confidentiality Profile")
CODES: dict[Option, tuple[str, str]] = {
    Option.CLEAN_PIXEL_DATA: ("113101", "Clean Pixel Data Option"),
    Option.CLEAN_VISUAL_FEATURES: ("113102", "Clean Recognizable Visual Features Option"),
    Option.CLEAN_GRAPHICS: ("113103", "Clean Graphics Option"),
    Option.CLEAN_STRUCTURED_CONTENT: ("113104", "Clean Structured Content Option"),
    Option.CLEAN_DESCRIPTORS: ("113105", "Clean Descriptors Option"),
    Option.RETAIN_FULL_DATES: (
        "113106", "Retain Longitudinal Temporal Information Full Dates Option",
    ),
    Option.RETAIN_MODIFIED_DATES: (
        "113107", "Retain Longitudinal Temporal Information Modified Dates Option",
    ),
    Option.RETAIN_PATIENT_CHARACTERISTICS: ("113108", "Retain Patient Characteristics Option"),
    Option.RETAIN_DEVICE_IDENTITY: ("113109", "Retain Device Identity Option"),
    Option.RETAIN_UIDS: ("113110", "Retain UIDs Option"),
    Option.RETAIN_SAFE_PRIVATE: ("113111", "Retain Safe Private Option"),
    Option.RETAIN_INSTITUTION_IDENTITY: ("113112", "Retain Institution Identity Option"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Profile:
    """The Basic profile with options. `key_name` names the held key that makes pseudonyms, UIDs and shifts:
    the same key gives the same answers everywhere, which is what makes a project's objects fit together.

    `is_reversible` keeps the original identifiers in the object, encrypted for the key's holder (§E.1.3).
    Raises  InvalidInput for options that contradict each other.
    """

    options: frozenset[Option] = field(default_factory=frozenset)
    key_name: str = "default"
    is_reversible: bool = False

    def __post_init__(self) -> None:
        if {Option.RETAIN_FULL_DATES, Option.RETAIN_MODIFIED_DATES} <= self.options:
            raise InvalidInput("Dates are either kept or shifted, not both", code="OPTIONS_CONTRADICT")

    @classmethod
    def named(
        cls, names: Iterable[str], *, key_name: str = "default", is_reversible: bool = False
    ) -> Profile:
        """The profile with the options of these names. Raises InvalidInput naming the unknown one."""
        options = set()
        for name in names:
            try:
                options.add(Option(name))
            except ValueError:
                raise InvalidInput(
                    f"There is no de-identification option {name[:40]!r}", code="OPTION_UNKNOWN"
                ) from None
        return cls(frozenset(options), key_name, is_reversible)
