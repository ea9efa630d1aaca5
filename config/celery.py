"""The Celery application: one queue a resource class."""

from __future__ import annotations

import os
from typing import Any

import structlog
from celery import Celery
from celery.signals import worker_ready

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.embedded")

app = Celery("consilium")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_ready.connect  # type: ignore[untyped-decorator]
def say_ready(sender: Any, **_: object) -> None:
    """Say so in the words every daemon uses."""
    structlog.get_logger(__name__).info("ready", daemon="worker", worker=sender.hostname)
