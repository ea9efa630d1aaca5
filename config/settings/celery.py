"""Queues by resource class. Database rows are the truth; a message is a nudge that may be lost."""

from __future__ import annotations

import environ

env = environ.Env()

CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_REDIRECT_STDOUTS = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 3600, "socket_timeout": 5}
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0, "interval_max": 0.2}
# Steps and jobs name their queue when they are sent; these always go the same way.
CELERY_TASK_ROUTES = {
    "archive.lifecycle.perform": {"queue": "transfer"},
    "events.deliver_bulletin": {"queue": "interactive"},
    "notifications.deliver": {"queue": "interactive"},
    "integrations.hl7.deliver_link": {"queue": "transfer"},
    "integrations.dicom.deliver_notices": {"queue": "transfer"},
    "integrations.routing.send": {"queue": "transfer"},
    "integrations.webhooks.deliver": {"queue": "transfer"},
}
QUEUES = ["interactive", "default", "transfer", "cpu", "gpu"]
