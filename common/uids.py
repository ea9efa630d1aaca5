"""Minting of DICOM unique identifiers (PS3.5 §9, UUID-derived: PS3.5 §B.2)."""

from __future__ import annotations

import re
import uuid

UID_PATTERN = r"(?:0|[1-9]\d*)(?:\.(?:0|[1-9]\d*))+"
_UID = re.compile(UID_PATTERN)
_NAMESPACE = uuid.UUID("5d4b8e0c-6a37-5b1c-9f5e-2f1d0c9a7e44")


def new_uid() -> str:
    """A fresh UID under the UUID root `2.25`."""
    return f"2.25.{uuid.uuid4().int}"


def derived_uid(*parts: object) -> str:
    """The UID that belongs to these parts: the same parts always give the same UID.

    Makes steps repeatable: an object derived twice from the same job is one object, not two.
    """
    return f"2.25.{uuid.uuid5(_NAMESPACE, chr(31).join(str(part) for part in parts)).int}"


def is_uid(value: str) -> bool:
    """Whether the value is a legal UID: at most 64 characters, no leading zeros (PS3.5 §9.1)."""
    return len(value) <= 64 and _UID.fullmatch(value) is not None


def is_uid_lenient(value: str) -> bool:
    """Whether the value could be meant as a UID: digits and dots, at most 64 characters.

    Scanners in the field write components with leading zeros; their images are kept all the same.
    """
    return 0 < len(value) <= 64 and set(value) <= set("0123456789.")
