"""Where the servers started on this machine are to be found, as `./consilium` wrote it down."""

from __future__ import annotations

import json
from pathlib import Path


def embedded(var_dir: Path) -> dict[str, str]:
    """DATABASE_URL, REDIS_URL and SECRET_KEY of the embedded servers; empty where none were set up."""
    try:
        services: dict[str, str] = json.loads((var_dir / "services.json").read_text())
    except FileNotFoundError:
        return {}
    return services
