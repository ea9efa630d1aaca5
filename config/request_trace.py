"""Every request is work of its own: what it sets in motion gets a trace id that no other request shares."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from events.tracing import trace_of_its_own


class RequestTraceMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        with trace_of_its_own():
            return self._get_response(request)
