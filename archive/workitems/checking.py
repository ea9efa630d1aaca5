"""A data set that was sent, made into plain DICOM JSON of bounded size: known VRs, values that are ones, no bulk data.

Reference  PS3.18 §F.2 (DICOM JSON model), §11.1.3 (no bulk data), PS3.5 §6.2 (VRs)
"""

from __future__ import annotations

import math
import re
from typing import Any

from pydicom import config
from pydicom.valuerep import validate_value

from archive.studies.datasets import vr_of
from archive.workitems.datasets import Model
from archive.workitems.moments import span_of
from common.errors import InvalidInput

DEEPEST = 10
MOST_ELEMENTS = 5_000
LONGEST_TEXT = 65_536
_TAG = re.compile(r"[0-9A-Fa-f]{8}")
_VR = re.compile(r"[A-Z]{2}")
_GROUPS = frozenset({"Alphabetic", "Ideographic", "Phonetic"})
_BINARY = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN"})
_NUMBERS = frozenset({"DS", "FD", "FL", "IS", "SL", "SS", "SV", "UL", "US", "UV"})
_BASE64 = re.compile(rf"[A-Za-z0-9+/=\s]{{0,{LONGEST_TEXT}}}")
_NOT_TEXT = re.compile(r"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\ud800-\udfff]")  # controls, and halves of a letter
_NOT_OF_A_WORKITEM = frozenset({"0000", "0002", "7FE0", "FFFE"})


def checked(model: object) -> Model:
    """The data set with tags in capitals, the dictionary's VRs, and empty attributes without values.

    Raises  InvalidInput for what is none of the DICOM JSON model.
    """
    return _Checker().data_set(model, depth=0)


class _Checker:
    def __init__(self) -> None:
        self._left = MOST_ELEMENTS

    def data_set(self, model: object, *, depth: int) -> Model:
        if not isinstance(model, dict) or depth > DEEPEST:
            raise _malformed("The data set is not of the DICOM JSON model")
        self._left -= len(model)
        if self._left < 0:
            raise _malformed("The data set has too many elements")
        return {str(tag).upper(): self._element(str(tag).upper(), held, depth) for tag, held in model.items()}

    def _element(self, tag: str, held: object, depth: int) -> Model:
        if not _TAG.fullmatch(tag) or tag[:4] in _NOT_OF_A_WORKITEM:
            raise _malformed("The data set has an element that no workitem has", tag)
        if not isinstance(held, dict) or not _VR.fullmatch(str(held.get("vr", ""))):
            raise _malformed("An element has no VR", tag)
        if "BulkDataURI" in held:
            raise _malformed("A workitem has no bulk data", tag)
        vr = vr_of(int(tag, 16))
        vr = held["vr"] if vr == "UN" else vr
        if vr in _BINARY:
            return self._binary(tag, vr, held)
        found = held.get("Value") or []
        if not isinstance(found, list):
            raise _malformed("An element has values that are no list", tag)
        made = [self._value(tag, vr, value, depth) for value in found]
        while made and made[-1] in (None, ""):
            made.pop()
        return {"vr": vr, "Value": made} if made else {"vr": vr}

    def _binary(self, tag: str, vr: str, held: Model) -> Model:
        inline = held.get("InlineBinary", "")
        if not isinstance(inline, str) or not _BASE64.fullmatch(inline) or "Value" in held:
            raise _malformed("An element of bytes is none", tag)
        return {"vr": vr, "InlineBinary": inline} if inline else {"vr": vr}

    def _value(self, tag: str, vr: str, value: object, depth: int) -> Any:
        if vr == "SQ":
            return self.data_set(value or {}, depth=depth + 1)
        if value is None:
            return None
        if vr == "PN":
            return _name(tag, value)
        if vr in _NUMBERS and isinstance(value, int | float) and not isinstance(value, bool):
            if not math.isfinite(value):
                raise _malformed("A number is none", tag)
            return value
        return _text(tag, vr, value)


def _name(tag: str, value: object) -> Model:
    value = {"Alphabetic": value} if isinstance(value, str) else value
    if not isinstance(value, dict) or not set(value) <= _GROUPS:
        raise _malformed("A name has other than its three groups", tag)
    return {group: _text(tag, "PN", text) for group, text in value.items() if text}


def _text(tag: str, vr: str, value: object) -> str:
    if not isinstance(value, str) or len(value) > LONGEST_TEXT or _NOT_TEXT.search(value):
        raise _malformed("A value is no text of its VR", tag)
    value = value.strip(" ")
    if vr == "DT" and value:
        span_of(value)
        return value
    try:
        validate_value(vr, value, config.RAISE)
    except (ValueError, TypeError) as error:
        raise _malformed(f"A value is none of VR {vr}", tag) from error
    return value


def _malformed(message: str, tag: str = "") -> InvalidInput:
    where = tag if _TAG.fullmatch(tag) else ""
    return InvalidInput(
        f"{message}: {where}" if where else message, code="DATA_SET_MALFORMED",
        fields={where: "is malformed"} if where else None,
    )  # fmt: skip
