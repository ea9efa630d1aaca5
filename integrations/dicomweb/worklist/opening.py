"""Who opens an event channel: a program with an access token, or a page of ours with its session.

Reference  PS3.18 §8.10.4, §8.11; RFC 6455 §10.2 (Origin)
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from channels.auth import AuthMiddlewareStack
from channels.db import database_sync_to_async
from channels.routing import URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from django.http import HttpRequest
from django.urls import path

from accounts.models import Person
from integrations.dicomweb.credentials import person_asking
from integrations.dicomweb.errors import NotSignedIn
from integrations.dicomweb.worklist.channel import EventChannel

Application = Callable[[dict[str, Any], Any, Any], Awaitable[Any]]
websocket_urlpatterns = [path("subscribers/<str:aetitle>", EventChannel.as_asgi())]


class TokenOrSession:
    """Programs that carry a token are known by it, whatever their Origin; pages only from our own hosts.

    A browser cannot be made to send a token by another site's page, as it can be to send a session's cookie.
    """

    def __init__(self) -> None:
        self._routes: Application = URLRouter(websocket_urlpatterns)
        self._for_pages: Application = AllowedHostsOriginValidator(
            AuthMiddlewareStack(_BySession(self._routes))
        )

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> Any:
        shown = next((value for name, value in scope["headers"] if name == b"authorization"), None)
        if shown is None:
            return await self._for_pages(scope, receive, send)
        authorization = shown.decode("latin-1")
        person = await database_sync_to_async(_person_of)(authorization)
        known = {"user": person, "is_signed_in": lambda: _person_of(authorization) is not None}
        return await self._routes({**scope, **known}, receive, send)


class _BySession:
    """Lets a channel ask whether the session that opened it is still one."""

    def __init__(self, routes: Application) -> None:
        self._routes = routes

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> Any:
        store, key = type(scope["session"]._wrapped), scope["session"].session_key  # noqa: SLF001 - a lazy object
        return await self._routes({**scope, "is_signed_in": lambda: store().exists(key)}, receive, send)


def _person_of(authorization: str) -> Person | None:
    """Whose token an Authorization header carries, by the same rules as every request."""
    request = HttpRequest()
    request.method, request.META["HTTP_AUTHORIZATION"] = "GET", authorization
    try:
        return person_asking(request)
    except NotSignedIn:
        return None
