from __future__ import annotations

from django.urls import path

from portal.inbox import views

urlpatterns = [
    path("", views.page, name="inbox"),
]
