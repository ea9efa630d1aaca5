from __future__ import annotations

from django.urls import URLPattern, path

from portal.reidentification import views

urlpatterns: list[URLPattern] = [path("", views.reidentification, name="reidentification")]
