from __future__ import annotations

from django.urls import URLPattern, path

from portal.patients import views

urlpatterns: list[URLPattern] = [
    path("", views.index, name="patients"),
    path("<uuid:uid>/", views.page, name="patient"),
]
