"""Our errors in DIMSE's words.

Reference  PS3.4 §B.2.3 (C-STORE), §K.4.1.1.4 (worklist C-FIND), PS3.7 Annex C
"""

from __future__ import annotations

from pydicom.dataset import Dataset

from common.errors import Conflict, InvalidInput, NotFound, NotPermitted, ServiceError, Unavailable

SUCCESS = 0x0000
PENDING = 0xFF00
CANCELLED = 0xFE00
DUPLICATE_SOP_INSTANCE = 0x0111
NO_SUCH_OBJECT = 0x0112
INVALID_ATTRIBUTE_VALUE = 0x0106
PROCESSING_FAILURE = 0x0110
NO_SUCH_EVENT = 0x0113
INVALID_ARGUMENT_VALUE = 0x0115
INVALID_OBJECT_INSTANCE = 0x0117
MISSING_ATTRIBUTE = 0x0120
MISSING_ATTRIBUTE_VALUE = 0x0121
NO_SUCH_ACTION = 0x0123
NOT_AUTHORISED = 0x0124
UNRECOGNISED_OPERATION = 0x0211
STEP_NO_LONGER_UPDATED = 0xA710  # an Error ID, beside PROCESSING_FAILURE (PS3.4 Table F.7.2-2)
OUT_OF_RESOURCES = 0xA700
SUB_OPERATIONS_FAILED = 0xA702
MOVE_DESTINATION_UNKNOWN = 0xA801
DATA_SET_MISMATCH = 0xA900
SOME_FAILED = 0xB000
CANNOT_UNDERSTAND = 0xC000
DEFECT = 0xC211

_MISMATCHES = {"SOP_MISMATCH", "UID_UNUSABLE"}
_STATUSES: list[tuple[type[ServiceError], int]] = [
    (InvalidInput, CANNOT_UNDERSTAND),
    (NotPermitted, NOT_AUTHORISED),
    (NotFound, NO_SUCH_OBJECT),
    (Conflict, DUPLICATE_SOP_INSTANCE),
    (Unavailable, OUT_OF_RESOURCES),
]


def storage_status(error: ServiceError) -> int:
    """The status of a C-STORE response: 0xA7xx asks the sender to try later, all others not to."""
    if error.code in _MISMATCHES:
        return DATA_SET_MISMATCH
    if not error.permanent:
        return OUT_OF_RESOURCES
    return next((status for kind, status in _STATUSES if isinstance(error, kind)), CANNOT_UNDERSTAND)


def find_status(error: ServiceError) -> int:
    """The status of a C-FIND response: 0xA700 for later, 0xA900 for an identifier that does not fit."""
    if not error.permanent:
        return OUT_OF_RESOURCES
    if isinstance(error, NotPermitted):
        return NOT_AUTHORISED
    return DATA_SET_MISMATCH if isinstance(error, InvalidInput) else CANNOT_UNDERSTAND


_BY_CODE = {
    "FIELD_MISSING": MISSING_ATTRIBUTE,
    "VALUE_MISSING": MISSING_ATTRIBUTE_VALUE,
    "VALUE_INVALID": INVALID_ATTRIBUTE_VALUE,
    "INSTANCE_INVALID": INVALID_OBJECT_INSTANCE,
    "STEP_IS_FINAL": PROCESSING_FAILURE,
    "NO_SUCH_ACTION": NO_SUCH_ACTION,
    "NO_SUCH_EVENT": NO_SUCH_EVENT,
}


_OF_ATTRIBUTES = {INVALID_ATTRIBUTE_VALUE, MISSING_ATTRIBUTE, MISSING_ATTRIBUTE_VALUE}


def argument_status(error: ServiceError) -> Dataset:
    """The status of an N-ACTION or N-EVENT-REPORT response (PS3.7 §10.1.4.1.10, §10.1.1.1.8).

    Their information is an argument: what is wrong within it is 0x0115, and no attribute of an instance. Nor
    do they make instances, so that nothing is a duplicate one.
    """
    answer = normalised_status(error)
    if answer.Status in _OF_ATTRIBUTES:
        answer.Status = INVALID_ARGUMENT_VALUE
    elif answer.Status == DUPLICATE_SOP_INSTANCE:
        answer.Status = PROCESSING_FAILURE
    return answer


def normalised_status(error: ServiceError) -> Dataset:
    """The status of an N-service's response, with what is wrong as its Error Comment (PS3.7 Annex C)."""
    status = next((found for kind, found in _STATUSES if isinstance(error, kind)), PROCESSING_FAILURE)
    if not error.permanent or status == CANNOT_UNDERSTAND:
        status = PROCESSING_FAILURE
    answer = Dataset()
    answer.Status = _BY_CODE.get(error.code, status)
    answer.ErrorComment = error.message[:64]
    if error.code == "STEP_IS_FINAL":
        answer.ErrorID = STEP_NO_LONGER_UPDATED
    return answer
