"""The character sets a client accepts. What we answer with text in it is UTF-8.

Reference  PS3.18 §8.3.3.2 (the `charset` query parameter), §8.8 (character sets)
"""

from __future__ import annotations

from django.http import HttpRequest

from common.errors import InvalidInput
from integrations.dicomweb.media_types import query_text

SUPPORTED = frozenset(["utf-8", "iso_ir 192"])


def check_charset(request: HttpRequest) -> None:
    """Raises  InvalidInput if the query asks for character sets of which none is supported."""
    asked = query_text(request, "charset")
    names = {item.partition(";")[0].strip().strip('"').lower() for item in asked.split(",")} - {""}
    if names and not names & SUPPORTED:
        raise InvalidInput("charset: texts are given in UTF-8", code="CHARSET_UNSUPPORTED")
