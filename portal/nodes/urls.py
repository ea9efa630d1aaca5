from __future__ import annotations

from django.urls import URLPattern, path

from portal.nodes import notices, views

urlpatterns: list[URLPattern] = [
    path("", views.nodes, name="nodes"),
    path("new/", views.add, name="add-node"),
    path("<int:pk>/", views.node, name="node"),
    path("<int:pk>/change/", views.change, name="change-node"),
    path("<int:pk>/switch/", views.switch, name="switch-node"),
    path("<int:pk>/try-now/", views.try_now, name="try-node-now"),
    path("<int:pk>/check/", views.start_check, name="check-node"),
    path("notices/", notices.index, name="dead-notices"),
    path("notices/send-again/", notices.send_again, name="resend-notices"),
    path("checks/<uuid:uid>/", views.check, name="node-check"),
]
