from __future__ import annotations

from django.urls import path

from portal.inbox import views

urlpatterns = [
    path("", views.page, name="inbox"),
    path("inbox/list/", views.listing, name="inbox-list"),
    path("inbox/<uuid:uid>/claim/", views.claim, name="claim-task"),
    path("inbox/<uuid:uid>/release/", views.release, name="release-task"),
]
