from __future__ import annotations

from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from config.client_address import ClientAddressMiddleware


def seen_address(**headers: Any) -> str:
    seen: list[str] = []

    def view(request: HttpRequest) -> HttpResponse:
        seen.append(request.META["REMOTE_ADDR"])
        return HttpResponse()

    ClientAddressMiddleware(view)(RequestFactory().get("/", **headers))
    return seen[0]


@pytest.mark.parametrize(
    ("caller", "forwarded", "client"),
    [
        ("127.0.0.1", "192.0.2.7", "192.0.2.7"),
        ("127.0.0.1", "10.9.9.9, 192.0.2.7", "192.0.2.7"),
        ("127.0.0.1", "", "127.0.0.1"),
        ("198.51.100.4", "192.0.2.7", "198.51.100.4"),
    ],
    ids=["through the door", "with a claim before it", "without the door", "past the door"],
)
def test_the_client_s_address_is_what_the_front_door_saw(caller, forwarded, client):
    headers = {"HTTP_X_FORWARDED_FOR": forwarded} if forwarded else {}

    assert seen_address(REMOTE_ADDR=caller, **headers) == client
