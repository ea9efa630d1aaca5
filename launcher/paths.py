"""Places in a checkout."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
BUILD = ROOT / "build"
FRONTEND = ROOT / "portal" / "frontend"
DIST = ROOT / "portal" / "static" / "portal" / "dist"
LOCALE = ROOT / "config" / "locale"
STATIC = BUILD / "static"


def default_var() -> Path:
    """The folder that keeps everything a region owns, unless the environment names another."""
    return Path(os.environ.get("CONSILIUM_VAR") or ROOT / "var").resolve()
