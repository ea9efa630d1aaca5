"""Places in a checkout."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
BUILD = ROOT / "build"
FRONTEND = ROOT / "portal" / "frontend"
DIST = ROOT / "portal" / "static" / "portal" / "dist"
LOCALE = ROOT / "config" / "locale"
STATIC = BUILD / "static"
OHIF = BUILD / "ohif"


def default_var() -> Path:
    """The folder that keeps everything a region owns, unless the environment names another."""
    return Path(os.environ.get("CONSILIUM_VAR") or ROOT / "var").resolve()


def walk(folder: Path) -> Iterator[Path]:
    """Every file below a folder that belongs to the sources."""
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in {"node_modules", "__pycache__"}]
        yield from (Path(place) / name for name in names)


def product_files(kind: str) -> Iterator[Path]:
    """The files in every folder of this name (`migrations`, `static`) of the product's packages."""
    for package in ROOT.iterdir():
        if (package / "__init__.py").exists():
            yield from (file for file in walk(package) if kind in file.relative_to(package).parts[:-1])
