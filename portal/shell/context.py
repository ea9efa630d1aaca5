"""What the frame around every page shows."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from accounts.models import Person
from portal.shell.navigation import rail_for
from portal.shell.person import standing_of

THEME_COOKIE = "theme"
RAIL_COOKIE = "rail"


def shell(request: HttpRequest) -> dict[str, Any]:
    """Theme and rail for `base.html`. An error page may have no person: it gets the bare frame."""
    person = getattr(request, "user", None)
    context: dict[str, Any] = {
        "theme": _theme(request, person),
        "rail_folded": request.COOKIES.get(RAIL_COOKIE) == "folded",
        "languages": settings.LANGUAGES,
        "themes": Person.Theme.choices,
    }
    if isinstance(person, Person):
        standing = standing_of(request)
        context["rail"] = rail_for(standing.privileges)
        context["my_sites"] = standing.sites
    return context


def _theme(request: HttpRequest, person: object) -> str:
    if isinstance(person, Person):
        return person.theme
    kept = request.COOKIES.get(THEME_COOKIE, "")
    return kept if kept in Person.Theme.values else Person.Theme.SYSTEM
