"""What pydicom raises over a data set that cannot be read or written, whoever made it."""

from __future__ import annotations

import struct
import zlib

from pydicom.errors import InvalidDicomError

# Values are converted when they are touched, each by code of its own: there is no one error for all of them. Lack of
# memory and what is a defect wherever it happens (assertions, imports, the database) are not among these.
DATA_SET_FAILURES = (
    ArithmeticError, AttributeError, EOFError, InvalidDicomError, LookupError, OSError, RuntimeError, TypeError,
    ValueError, struct.error, zlib.error,
)  # fmt: skip
