"""A server's application that reads a body as storing does, and says what came of it: run by a real gunicorn."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterable
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.test")
django.setup()

from django.conf import settings  # noqa: E402 - once it is set up
from django.core.handlers.wsgi import WSGIRequest  # noqa: E402

from common.errors import ServiceError  # noqa: E402
from integrations.dicomweb.errors import refusal  # noqa: E402
from integrations.dicomweb.store.body import Body  # noqa: E402

settings.STOW_PATIENCE_S = 0.5
settings.STOW_LEAST_KIB_PER_S = 1 << 20


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    size = 0
    try:
        with Body(WSGIRequest(environ)) as body:
            for piece in body.pieces():
                size += len(piece)
    except ServiceError as error:
        answer = refusal(error)
        start_response(f"{answer.status_code} {answer.reason_phrase}", list(answer.items()))
        return [answer.content]
    faults = str(resource.getrusage(resource.RUSAGE_SELF).ru_minflt)
    start_response("200 OK", [("Content-Type", "text/plain"), ("Minor-Faults", faults)])
    return [str(size).encode()]
