"""What a search tells beside its matches.

Reference  PS3.18 §8.3 (unsupported query parameters are ignored, and may be warned of), §8.3.4.4.1 (further results)
"""

from __future__ import annotations

import re
from collections.abc import Collection

from django.http import HttpRequest, HttpResponseBase

from integrations.dicomweb.door import warn
from integrations.dicomweb.search.parameters import SearchParameters

MORE = "There are additional results that can be requested"
_NAMED_AT_MOST = 10
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")  # of what a client sent, all that is fit for a header field


def warn_of_ignored(
    request: HttpRequest, response: HttpResponseBase, asked: SearchParameters, unmatched: Collection[int]
) -> None:
    """Name what did not narrow the search: attributes that are not matched, and parameters that are none."""
    if unmatched:
        named = ", ".join(f"{tag:08X}" for tag in sorted(unmatched))
        warn(request, response, f"These attributes were not matched: {named}")
    if asked.passed_over:
        names = [name for name in asked.passed_over if _NAME.fullmatch(name)][:_NAMED_AT_MOST]
        named = f": {', '.join(names)}" if names else ""
        warn(request, response, f"Query parameters that are not supported were ignored{named}")
