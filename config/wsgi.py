"""Pages and REST, served by gunicorn."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.embedded")
application = get_wsgi_application()
# Every route is loaded before workers fork, so that nobody's first page waits for it.
get_resolver().url_patterns  # noqa: B018 - loading is the effect
