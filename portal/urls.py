"""The pages, one area a line."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("portal.shell.urls")),
    path("", include("portal.inbox.urls")),
    path("tasks/", include("portal.tasks.urls")),
    path("cases/", include("portal.cases.urls")),
    path("", include("portal.viewer.urls")),
    path("viewer/", include("portal.diagnostic.urls")),
    path("studies/", include("portal.studies.urls")),
    path("patients/", include("portal.patients.urls")),
    path("", include("portal.integration.urls")),
    path("operations/", include("portal.operations.urls")),
    path("webhooks/", include("portal.webhooks.urls")),
    path("nodes/", include("portal.nodes.urls")),
    path("routing/", include("portal.routing.urls")),
    path("scripts/", include("portal.scripts.urls")),
    path("processes/", include("portal.processes.urls")),
    path("storage/", include("portal.storage.urls")),
    path("", include("portal.administration.urls")),
    path("reidentification/", include("portal.reidentification.urls")),
    path("traces/", include("portal.traces.urls")),
    path("account/tokens/", include("portal.tokens.urls")),
    path("api/", include("portal.api.urls")),
]
