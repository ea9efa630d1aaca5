"""Addresses of web destinations: encrypted, unless the configuration says that plain will do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from common.errors import InvalidInput


def check_address(known: Mapping[str, Any], *, field: str) -> None:
    """Raises InvalidInput unless the field holds an https address without user, password or fragment.

    Plain http passes where `allow_plain` is set: for a peer on the same machine or behind a gateway.
    """
    if not _is_address(str(known.get(field) or ""), may_be_plain=bool(known.get("allow_plain"))):
        problem = _("An address is https://host/path, and holds no user or password.")
        raise InvalidInput(problem, code="BAD_ADDRESS", fields={field: problem})


def _is_address(text: str, *, may_be_plain: bool) -> bool:
    try:
        parts = urlsplit(text)
        has_port = parts.port is None or parts.port > 0
    except ValueError:  # brackets that do not match, a port that is no number
        return False
    schemes = {"https", "http"} if may_be_plain else {"https"}
    has_secret = parts.username is not None or parts.password is not None
    return (
        parts.scheme in schemes and bool(parts.hostname) and has_port and not (has_secret or parts.fragment)
    )
