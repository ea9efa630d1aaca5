"""Language and theme: kept with the person, and in a cookie for the pages before sign-in."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from accounts.models import Person
from portal.shell.context import THEME_COOKIE

_A_YEAR_S = 365 * 24 * 3600


@require_POST
def choose_language(request: HttpRequest) -> HttpResponse:
    chosen = request.POST.get("language", "")
    if chosen not in dict(settings.LANGUAGES):
        return HttpResponseBadRequest()
    _keep(request, "language", chosen)
    return _back_with_cookie(request, settings.LANGUAGE_COOKIE_NAME, chosen)


@require_POST
def choose_theme(request: HttpRequest) -> HttpResponse:
    chosen = request.POST.get("theme", "")
    if chosen not in Person.Theme.values:
        return HttpResponseBadRequest()
    _keep(request, "theme", chosen)
    return _back_with_cookie(request, THEME_COOKIE, chosen)


def _keep(request: HttpRequest, preference: str, chosen: str) -> None:
    if isinstance(request.user, Person):
        setattr(request.user, preference, chosen)
        request.user.save(update_fields=[preference])


def _back_with_cookie(request: HttpRequest, name: str, value: str) -> HttpResponse:
    target = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()}):
        target = "/"
    response = HttpResponseRedirect(target)
    response.set_cookie(name, value, max_age=_A_YEAR_S, samesite="Lax", secure=request.is_secure())
    return response
