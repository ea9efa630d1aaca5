from __future__ import annotations

from django.urls import URLPattern, path

from portal.tokens import views

urlpatterns: list[URLPattern] = [
    path("", views.tokens, name="access-tokens"),
    path("<uuid:uid>/revoke/", views.revoke, name="revoke-token"),
]
