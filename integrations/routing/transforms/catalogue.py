"""What can be done to an object on its way, by the words a table uses; checked before anything is queued."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from pydicom.datadict import dictionary_VR

from common.errors import InvalidInput

COMPRESSIONS = {
    "jpeg-ls": "1.2.840.10008.1.2.4.80",
    "jpeg-2000": "1.2.840.10008.1.2.4.90",
    "rle": "1.2.840.10008.1.2.5",
    "htj2k": "1.2.840.10008.1.2.4.201",
}

# What may be set from outside: who and where, never what the image shows or how objects belong together.
COERCIBLE = frozenset({
    "AccessionNumber", "BodyPartExamined", "InstitutionAddress", "InstitutionName",
    "InstitutionalDepartmentName", "IssuerOfPatientID", "Laterality", "Manufacturer", "PatientComments", "PatientID",
    "ProtocolName", "ReferringPhysicianName", "RequestedProcedureDescription", "RequestingService",
    "SeriesDescription", "SeriesNumber", "StationName", "StudyDescription", "StudyID",
})  # fmt: skip
_LONGEST = {"SH": 16, "LO": 64, "PN": 64, "CS": 16, "IS": 12, "ST": 1024, "LT": 10240}


def check_coercion(values: Any) -> dict[str, str]:
    """Attribute keywords and the values they get, as texts.

    Raises  InvalidInput for an attribute that may not be set, or a value its VR does not hold (PS3.5 §6.2).
    """
    if not isinstance(values, Mapping):
        raise InvalidInput(_("What to coerce is written as {Keyword: value}"), code="BAD_COERCION")
    checked: dict[str, str] = {}
    for keyword, value in values.items():
        if keyword not in COERCIBLE:
            raise InvalidInput(
                _("%(keyword)s may not be set by routing") % {"keyword": keyword}, code="COERCION_NOT_ALLOWED"
            )
        text = str(int(value)) if isinstance(value, Decimal) and value == int(value) else str(value or "")
        limit = _LONGEST.get(dictionary_VR(keyword), 64)
        if len(text) > limit or "\\" in text or any(ord(letter) < 0x20 for letter in text):
            raise InvalidInput(
                _("%(keyword)s cannot hold this value") % {"keyword": keyword}, code="BAD_COERCION"
            )
        if dictionary_VR(keyword) == "IS" and not text.lstrip("-").isdigit():
            raise InvalidInput(_("%(keyword)s is a whole number") % {"keyword": keyword}, code="BAD_COERCION")
        checked[str(keyword)] = text
    return checked
