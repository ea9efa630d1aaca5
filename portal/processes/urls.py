from __future__ import annotations

from django.urls import URLPattern, path

from portal.processes import views

urlpatterns: list[URLPattern] = [
    path("", views.processes, name="processes"),
    path("upload/", views.upload, name="upload-process"),
    path("<int:pk>/", views.process, name="process"),
    path("<int:pk>/diagram.json", views.diagram, name="process-diagram"),
    path("<int:pk>/export/", views.export, name="export-process"),
    path("<int:pk>/file/", views.file, name="process-file"),
    path("<int:pk>/deploy/", views.deploy, name="deploy-process"),
    path("<int:pk>/retire/", views.retire, name="retire-process"),
]
