from __future__ import annotations

from django.urls import path

from portal.cases import views

urlpatterns = [
    path("", views.index, name="cases"),
    path("<uuid:uid>/", views.page, name="case"),
]
