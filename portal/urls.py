"""The pages, one area a line."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("portal.shell.urls")),
    path("", include("portal.inbox.urls")),
    path("cases/", include("portal.cases.urls")),
]
