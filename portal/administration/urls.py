from __future__ import annotations

from django.urls import URLPattern, path

from portal.administration import views

urlpatterns: list[URLPattern] = [
    path("audit/", views.audit, name="audit"),
]
