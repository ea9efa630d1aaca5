"""Signing out closes the live connections of that sign-in, in every window."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from notifications.live import close_session


def close_sockets(*, request: HttpRequest | None = None, **_: Any) -> None:
    session = getattr(request, "session", None)
    if session is not None and session.session_key:
        close_session(session.session_key)
