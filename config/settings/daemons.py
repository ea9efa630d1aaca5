"""The front door, the workers of one machine, and how long they keep what is done."""

from __future__ import annotations

from pathlib import Path

import environ

env = environ.Env()

HTTP_HOST = env.str("HTTP_HOST", "127.0.0.1")
HTTP_PORT = env.int("HTTP_PORT", 8080)
# One worker a card; counted by device files, because asking torch would load it into every process.
GPU_WORKERS = env.int("GPU_WORKERS", len(list(Path("/dev").glob("nvidia[0-9]*"))))
# How long news that every subscriber has had can still be looked up by its trace.
EVENTS_KEPT_DAYS = env.int("EVENTS_KEPT_DAYS", 90)
