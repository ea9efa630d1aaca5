from __future__ import annotations

from django.urls import URLPattern, path

from portal.cases import drafts, submit, views

urlpatterns: list[URLPattern] = [
    path("", views.index, name="cases"),
    path("list/", views.listing, name="case-list"),
    path("<uuid:uid>/", views.page, name="case"),
    path("<uuid:uid>/state/", views.state, name="case-state"),
    path("<uuid:uid>/images/", views.images, name="case-images"),
    path("<uuid:uid>/documents/", views.documents, name="case-documents"),
    path("<uuid:uid>/task/", views.task, name="case-task"),
    path("<uuid:uid>/diagram.json", views.diagram, name="case-diagram"),
    path("tasks/<uuid:uid>/complete/", submit.complete, name="complete-task"),
    path("tasks/<uuid:uid>/draft/", drafts.save, name="save-draft"),
]
