"""Addresses of web destinations: encrypted, unless the configuration says that plain will do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from common.errors import InvalidInput


def check_address(known: Mapping[str, Any], *, field: str) -> None:
    """Raises InvalidInput unless the field holds an https address without user, password or fragment.

    Plain http passes where `allow_plain` is set: for a peer on the same machine or behind a gateway.
    """
    parts = urlsplit(str(known.get(field) or ""))
    schemes = {"https", "http"} if known.get("allow_plain") else {"https"}
    if parts.scheme not in schemes or not parts.hostname or parts.username or parts.fragment:
        problem = "An address is https://host/path, and holds no user or password."
        raise InvalidInput(problem, code="BAD_ADDRESS", fields={field: problem})
