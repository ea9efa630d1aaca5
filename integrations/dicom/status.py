"""Our errors in DIMSE's words.

Reference  PS3.4 §B.2.3 (C-STORE), §K.4.1.1.4 (worklist C-FIND), PS3.7 Annex C
"""

from __future__ import annotations

from common.errors import Conflict, InvalidInput, NotFound, NotPermitted, ServiceError, Unavailable

SUCCESS = 0x0000
PENDING = 0xFF00
CANCELLED = 0xFE00
DUPLICATE_SOP_INSTANCE = 0x0111
NO_SUCH_OBJECT = 0x0112
NOT_AUTHORISED = 0x0124
OUT_OF_RESOURCES = 0xA700
DATA_SET_MISMATCH = 0xA900
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
