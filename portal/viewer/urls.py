from __future__ import annotations

from django.urls import URLPattern, path

from portal.viewer import views

_SERIES = "studies/<str:study_uid>/series/<str:series_uid>"

urlpatterns: list[URLPattern] = [
    path("studies/<str:study_uid>/thumbnail.jpg", views.study_thumbnail, name="study-thumbnail"),
    path(f"{_SERIES}/slices/<int:index>.jpg", views.slice_picture, {"suffix": "jpg"}, name="series-slice"),
    path(
        f"{_SERIES}/slices/<int:index>.png", views.slice_picture, {"suffix": "png"}, name="series-slice-png"
    ),
    path(f"{_SERIES}/thumbnail.jpg", views.series_thumbnail, name="series-thumbnail"),
    path(f"{_SERIES}/stack.json", views.stack_facts, name="series-stack"),
]
