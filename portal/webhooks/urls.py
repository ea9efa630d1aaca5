from __future__ import annotations

from django.urls import URLPattern, path

from portal.webhooks import acts, views

urlpatterns: list[URLPattern] = [
    path("", views.webhooks, name="webhooks"),
    path("new/", views.add, name="add-webhook"),
    path("<uuid:uid>/", views.webhook, name="webhook"),
    path("<uuid:uid>/change/", views.change, name="change-webhook"),
    path("<uuid:uid>/deliveries/", views.deliveries, name="webhook-deliveries"),
    path("<uuid:uid>/switch/", acts.switch, name="switch-webhook"),
    path("<uuid:uid>/ping/", acts.ping, name="ping-webhook"),
    path("<uuid:uid>/secret/", acts.change_secret, name="change-webhook-secret"),
    path("<uuid:uid>/resend/", acts.resend, name="resend-webhook-deliveries"),
    path("<uuid:uid>/delete/", acts.delete, name="delete-webhook"),
]
