from __future__ import annotations

from django.urls import URLPattern, path

from portal.studies import views

urlpatterns: list[URLPattern] = [
    path("", views.index, name="studies"),
    path("<str:study_uid>/", views.page, name="study"),
    path("<str:study_uid>/strip/", views.strip, name="study-strip"),
]
