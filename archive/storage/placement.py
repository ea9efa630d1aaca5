"""Where the bytes of an object go: by their own digest, so the same bytes are stored once."""

from __future__ import annotations

import re

from common.errors import InvalidInput

_KEY = re.compile(r"sha256/[0-9a-f]{3}/[0-9a-f]{64}")


def content_key(sha256: str) -> str:
    """The key of the object with this digest: `sha256/` + three characters as a folder + the digest.

    4 096 folders keep each one small up to some fifty million objects, and are soon all made.
    """
    return f"sha256/{sha256[:3]}/{sha256}"


def check_key(key: str) -> str:
    """The key itself, if it is one of ours: nothing a peer sent ever becomes a path.

    Raises  InvalidInput for anything else.
    """
    if _KEY.fullmatch(key) is None:
        raise InvalidInput("This is not a storage key", code="BAD_STORAGE_KEY")
    return key
