from __future__ import annotations

from django.urls import URLPattern, path

from portal.studies import correction_views, views

urlpatterns: list[URLPattern] = [
    path("", views.index, name="studies"),
    path("corrections/patients/", correction_views.patients, name="patients-to-choose"),
    path("corrections/<uuid:uid>/undo/", correction_views.undo, name="undo-correction"),
    path("<str:study_uid>/correct/", correction_views.correct, name="correct-study"),
    path("<str:study_uid>/", views.page, name="study"),
    path("<str:study_uid>/strip/", views.strip, name="study-strip"),
]
