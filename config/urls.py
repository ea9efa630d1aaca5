"""HTTP routes."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from config.health import healthz, readyz
from config.metrics.views import metrics

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("metrics", metrics, name="metrics"),
    path("dicomweb/", include("integrations.dicomweb.urls")),
    path("", include("portal.urls")),
]
