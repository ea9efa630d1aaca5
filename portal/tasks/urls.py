from __future__ import annotations

from django.urls import URLPattern, path

from portal.tasks import acts, team

urlpatterns: list[URLPattern] = [
    path("", team.page, name="team-tasks"),
    path("list/", team.listing, name="team-list"),
    path("<uuid:uid>/", team.task_page, name="assign-task"),
    path("<uuid:uid>/reassign/", team.reassign, name="reassign-task"),
    path("<uuid:uid>/delegate/", acts.delegate, name="delegate-task"),
    path("<uuid:uid>/hand-back/", acts.hand_back, name="hand-back-task"),
    path("<uuid:uid>/decline/", acts.decline, name="decline-task"),
]
