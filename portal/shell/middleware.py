"""What holds for every page: the person's language, privacy on shared machines, parts after sign-out."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url
from django.utils import translation

from accounts.models import Person


class PersonalLanguageMiddleware:
    """A person's language follows them to every browser; the cookie serves those not signed in."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if isinstance(request.user, Person) and request.user.language:
            translation.activate(request.user.language)
            request.LANGUAGE_CODE = request.user.language
        return self.get_response(request)


class PrivatePagesMiddleware:
    """Pages of a signed-in person are never kept by the browser, so going back after sign-out shows nothing.

    A part that an open page fetches after the sign-in ran out is answered 401: it must not become a
    sign-in form in the middle of the page.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.headers.get("HX-Request") and _leads_to_sign_in(response):
            return HttpResponse(status=401)
        is_page = response.headers.get("Content-Type", "").startswith("text/html")
        if is_page and request.user.is_authenticated:
            response.headers.setdefault("Cache-Control", "private, no-store")
        return response


def _leads_to_sign_in(response: HttpResponse) -> bool:
    return response.headers.get("Location", "").partition("?")[0] == resolve_url(settings.LOGIN_URL)
