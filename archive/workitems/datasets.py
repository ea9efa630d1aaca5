"""Small words on data sets in DICOM JSON (PS3.18 §F.2)."""

from __future__ import annotations

from typing import Any

from archive.studies.datasets import vr_of
from archive.workitems.attributes import tag_of

Model = dict[str, Any]


def values(model: Model, keyword: str) -> list[Any]:
    """The values of an attribute; none where it is missing or empty."""
    return list(model.get(tag_of(keyword), {}).get("Value", ()))


def first(model: Model, keyword: str) -> str:
    """The first value as text; empty where there is none."""
    found = values(model, keyword)
    return "" if not found or found[0] is None else str(found[0])


def items(model: Model, keyword: str) -> list[Model]:
    """The items of a sequence."""
    return [item for item in values(model, keyword) if isinstance(item, dict)]


def element(keyword: str, *held: Any) -> Model:
    """An attribute by itself, to be put into a data set; empty without values, of which an empty text is none."""
    tag = tag_of(keyword)
    vr = vr_of(int(tag, 16))
    found = [value for value in held if value not in (None, "")]
    return {tag: {"vr": vr, "Value": found} if found else {"vr": vr}}


def code(value: str, scheme: str, meaning: str) -> Model:
    """An item of a code sequence (PS3.3 §8.8)."""
    return (
        element("CodeValue", value)
        | element("CodingSchemeDesignator", scheme)
        | element("CodeMeaning", meaning)
    )
