"""What runs, since when and how often it had to be restarted: a file anybody on the machine can read."""

from __future__ import annotations

import datetime as dt
import json
import os
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from config.supervision.child import Child


def describe(children: Iterable[Child], *, ports: Mapping[str, int], state: str) -> dict[str, Any]:
    """The supervisor, its ports and every daemon in words."""
    return {
        "supervisor": os.getpid(),
        "state": state,
        "ports": dict(ports),
        "daemons": {child.daemon.name: _describe(child) for child in children},
    }


def write(path: Path, status: Mapping[str, Any]) -> None:
    """Replace the file at once, so that readers never see half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(status, indent=2))
    fresh.replace(path)


def _describe(child: Child) -> dict[str, Any]:
    running_s = time.monotonic() - child.started_at
    since = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=running_s)
    return {
        "pid": child.process.pid if child.process else None,
        "ready": child.is_ready,
        "since": since.isoformat(timespec="seconds") if child.process else None,
        "restarts": max(child.restarts, 0),
        "last_exit": child.last_exit,
    }
