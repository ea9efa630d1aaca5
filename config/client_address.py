"""Who is calling, when our own front door stands in between."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase

FRONT_DOOR = frozenset({"127.0.0.1", "::1", ""})


class ClientAddressMiddleware:
    """Puts the client's address where the lock-out and the audit trail look for it.

    The last entry of X-Forwarded-For was written by the proxy that called us; entries before it are
    only what the client claims. A caller that is not a proxy of this machine is taken for the client.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "")
        if forwarded and request.META.get("REMOTE_ADDR", "") in FRONT_DOOR:
            request.META["REMOTE_ADDR"] = forwarded.rsplit(",", 1)[-1].strip()
        return self._get_response(request)
