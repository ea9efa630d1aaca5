from __future__ import annotations

from django.urls import URLPattern, path

from portal.diagnostic import views

urlpatterns: list[URLPattern] = [
    path("open/<str:study_uid>", views.open_study, name="diagnostic-viewer"),
    path("files/<str:release>/<path:name>", views.file, name="diagnostic-viewer-file"),
    path("", views.page, name="diagnostic-viewer-list"),
    path("<path:path>", views.page, name="diagnostic-viewer-page"),
]
