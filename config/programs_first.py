"""The WSGI application: programs are answered without what Django's handler does around every page.

Around a page, Django tells a dozen listeners that a request begins and ends. What they do for a program's request is
one thing, done here: a connection to the database that is broken or too old is closed before it would be used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from django.core.handlers.wsgi import WSGIHandler, get_script_name
from django.db import DEFAULT_DB_ALIAS, connections
from django.urls import set_script_prefix

from config.program_path import PROGRAM_PATHS


class ProgramsFirst(WSGIHandler):
    """Django's handler and its middlewares, with a shorter way through for `PROGRAM_PATHS`."""

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        if not environ.get("PATH_INFO", "").startswith(PROGRAM_PATHS):
            return super().__call__(environ, start_response)
        set_script_prefix(get_script_name(environ))
        connections[DEFAULT_DB_ALIAS].close_if_unusable_or_obsolete()
        response = self.get_response(self.request_class(environ))
        cookies = [("Set-Cookie", cookie.output(header="")) for cookie in response.cookies.values()]
        start_response(
            f"{response.status_code} {response.reason_phrase}", [*response.headers.items(), *cookies]
        )
        return _Answer(response)


class _Answer:
    """The bytes of a response; closing it lets go of what the response holds, and tells nobody."""

    def __init__(self, response: Any) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._response)

    def close(self) -> None:
        for let_go in self._response._resource_closers:  # noqa: SLF001 - `response.close` would send the signal
            let_go()
