from __future__ import annotations

from django.urls import URLPattern, path

from portal.integration import links, views

urlpatterns: list[URLPattern] = [
    path("messages/", views.messages, name="messages"),
    path("messages/<uuid:uid>/", views.message, name="message"),
    path("links/", links.links, name="links"),
    path("links/new/", links.add, name="add-link"),
    path("links/<slug:name>/change/", links.change, name="change-link"),
    path("links/<slug:name>/try/", links.try_now, name="try-link"),
    path("rejected-objects/", views.rejected_objects, name="rejected-objects"),
    path("rejected-objects/<int:pk>/", views.rejected_object, name="rejected-object"),
    path("deliveries/", views.deliveries, name="deliveries"),
    path("deliveries/<int:pk>/", views.delivery, name="delivery"),
    path("incidents/", views.incidents, name="incidents"),
    path("incidents/gateway/", views.gateway, name="incidents-of-gateway"),
    path("incidents/<int:pk>/", views.incident, name="incident"),
    path("incidents/<int:pk>/retry/", views.retry, name="retry-incident"),
]
