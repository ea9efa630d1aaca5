from __future__ import annotations

from django.urls import URLPattern, path

from portal.traces import views

urlpatterns: list[URLPattern] = [
    path("<uuid:trace_id>/", views.page, name="trace"),
]
