from __future__ import annotations

from django.urls import URLPattern, path

from portal.operations import views

urlpatterns: list[URLPattern] = [
    path("cases/", views.cases, name="operated-cases"),
    path("cases/<uuid:uid>/", views.case, name="operated-case"),
    path("cases/<uuid:uid>/suspend/", views.suspend, name="suspend-operated-case"),
    path("cases/<uuid:uid>/resume/", views.resume, name="resume-operated-case"),
]
