"""What programs ask for goes straight to its view: the work that pages need would cost more than the answer.

DICOMweb knows who asks by its own door (session or token, CSRF check included); it has no messages, no forms and no
htmx. What is said to browsers for safety's sake is said here too.
"""

from __future__ import annotations

import contextlib
import functools
import socket
from collections.abc import Callable
from typing import Any

from csp.constants import HEADER
from csp.utils import build_policy
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import translation

from integrations.dicomweb.urls import urlpatterns

PROGRAM_PATHS = ("/dicomweb/",)


class ProgramPathMiddleware:
    """Answers requests below `PROGRAM_PATHS`, and hands on all others."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response
        self._headers = {HEADER: build_policy(), "X-Frame-Options": settings.X_FRAME_OPTIONS}

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not request.path_info.startswith(PROGRAM_PATHS):
            return self._get_response(request)
        request.get_host()  # refuses names that are none of ours
        language = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME)
        translation.activate(_language(language, request.META.get("HTTP_ACCEPT_LANGUAGE", "")))
        view, parts = _route(request.path_info)
        response = view(request, **parts)
        for name, value in self._headers.items():
            response.headers.setdefault(name, value)
        if response.headers.get("Content-Type", "").startswith("text/html"):
            response.headers.setdefault("Cache-Control", "private, no-store")
        if isinstance(response, HttpResponse) and not response.has_header("Content-Length"):
            response.headers["Content-Length"] = str(len(response.content))
        _send_whole(request, response)
        return response


def _route(path: str) -> tuple[Callable[..., HttpResponseBase], dict[str, Any]]:
    """The view of a path, and the parts of the path it takes; the last of the routes takes any."""
    below = path.removeprefix(PROGRAM_PATHS[0])
    for route in urlpatterns:
        found = route.pattern.match(below)
        if found is not None:
            return route.callback, found[2]
    raise LookupError("no route takes every path")


@functools.lru_cache(1024)
def _language(chosen: str | None, accepted: str) -> str:
    """The language of an answer, by what was chosen here and by what the browser accepts."""
    request = HttpRequest()
    request.COOKIES = {} if chosen is None else {settings.LANGUAGE_COOKIE_NAME: chosen}
    request.META = {"HTTP_ACCEPT_LANGUAGE": accepted}
    return translation.get_language_from_request(request)


def _send_whole(request: HttpRequest, response: HttpResponseBase) -> None:
    """Have the system send head, parts and end of an answer in full packets, not each by itself.

    Otherwise the client is woken for a few bytes several times, before the answer has come.
    """
    channel = request.META.get("gunicorn.socket")
    if not isinstance(channel, socket.socket) or channel.family is socket.AF_UNIX:
        return
    _cork(channel, held=True)
    response._resource_closers.append(lambda: _cork(channel, held=False))  # type: ignore[attr-defined]  # noqa: SLF001


def _cork(channel: socket.socket, *, held: bool) -> None:
    with contextlib.suppress(OSError):  # the client may have gone
        channel.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, held)
