"""A person at work with the portal, through its REST interface over HTTP."""

from __future__ import annotations

import json
from http.cookiejar import CookieJar
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, Request, build_opener

from config.demo.problems import JourneyFailed

TIMEOUT_S = 30


class PortalClient:
    """Signed in as one person."""

    def __init__(self, address: str, username: str, password: str) -> None:
        self.username = username
        self._base = f"{address.rstrip('/')}/api/"
        self._opener = build_opener(HTTPCookieProcessor(CookieJar()))
        self._token = ""
        session = self.post("session/", {"username": username, "password": password})
        self._token = session["csrf_token"]

    def get(self, path: str, **query: str) -> Any:
        """What is at this path. Raises JourneyFailed with the refusal's own words."""
        return self._ask(Request(f"{self._base}{path}{'?' + urlencode(query) if query else ''}"))  # noqa: S310

    def find(self, path: str, **query: str) -> list[dict[str, Any]]:
        """The first page of a list."""
        rows: list[dict[str, Any]] = self.get(path, **query)["results"]
        return rows

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """Do something. Raises JourneyFailed with the refusal's own words."""
        return self._ask(
            Request(  # noqa: S310 - our own portal, by HTTP
                f"{self._base}{path}",
                data=json.dumps(body).encode(),
                headers={"Content-Type": "application/json", "X-CSRFToken": self._token},
            )
        )

    def _ask(self, request: Request) -> Any:
        request.add_header("Accept", "application/json")
        try:
            with self._opener.open(request, timeout=TIMEOUT_S) as answer:
                return json.load(answer)
        except HTTPError as error:
            raise JourneyFailed(f"{self.username} was refused: {_words_of(error)}") from None
        except (URLError, OSError) as error:
            raise JourneyFailed(f"The portal did not answer: {error}") from None


def _words_of(error: HTTPError) -> str:
    try:
        body = json.load(error)
    except ValueError:
        return f"HTTP {error.code}"
    if not isinstance(body, dict):
        return f"HTTP {error.code}"
    sentences = [str(body.get("message") or body.get("detail") or f"HTTP {error.code}")]
    sentences += [str(sentence) for sentence in body.get("fields", {}).values()]
    return " ".join(sentences)
