"""The page a monitoring system reads: for who holds the token, or who calls from this machine."""

from __future__ import annotations

import ipaddress
import secrets

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from config.metrics.exposition import CONTENT_TYPE, exposed
from config.metrics.gauges import database_metrics
from config.metrics.requests import request_metrics


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """Everything there is to count, as text. Whoever may not read it learns not that it is there (404)."""
    if not _may_read(request):
        raise Http404
    return HttpResponse(exposed([*request_metrics(), *database_metrics()]), content_type=CONTENT_TYPE)


def _may_read(request: HttpRequest) -> bool:
    if settings.METRICS_TOKEN:
        told = request.headers.get("Authorization", "").removeprefix("Bearer ").encode()
        return secrets.compare_digest(told, settings.METRICS_TOKEN.encode())
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False
