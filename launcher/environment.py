"""The virtual environment and the pinned packages in it."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from launcher import stamps
from launcher.commands import run_logged
from launcher.paths import BUILD, PYTHON, ROOT, VENV
from launcher.problems import Problem
from launcher.steps import step

LOCK = ROOT / "requirements.lock"
NEEDED_BYTES = 4 * 1024**3


def ensure_packages(*, development: bool = False) -> None:
    """Have `.venv` hold what the requirement files name; nothing happens where their stamp holds."""
    wanted = ROOT / ("requirements-dev.txt" if development else "requirements.txt")
    if not PYTHON.exists():
        _create_venv()
    value = requirements_stamp(wanted)
    stamp = VENV / f".{wanted.stem}.stamp"
    if stamps.holds(stamp, value):
        return
    with step("Python packages" + (" for the tests" if development else "")):
        install("-r", str(wanted), log=BUILD / "log" / f"pip-{wanted.stem}.log")
    stamps.put(stamp, value)


def requirements_stamp(wanted: Path) -> str:
    """Changes with the requirement files and with the environment that the packages are in."""
    return stamps.digest([wanted, ROOT / "requirements.txt", LOCK, VENV / "pyvenv.cfg"])


def install(*arguments: str, log: Path) -> None:
    """pip install, constrained to the versions that were tested together."""
    quietly = ["--disable-pip-version-check", "--no-input", "--no-cache-dir"]
    run_logged(
        [PYTHON, "-m", "pip", "install", *quietly, "-c", LOCK, *arguments],
        log=log,
        doing="Installing the Python packages",
    )


def require_space(folder: Path, needed_bytes: int, *, purpose: str) -> None:
    """Raises  Problem where less than this is free."""
    existing = next(place for place in (folder, *folder.parents) if place.exists())
    free = shutil.disk_usage(existing).free
    if free < needed_bytes:
        raise Problem(
            f"{purpose} needs {needed_bytes / 1024**3:.1f} GiB of disk, and only {free / 1024**3:.1f} GiB are free "
            f"where {folder} is kept: free some space, then run the same command again."
        )


def _create_venv() -> None:
    require_space(VENV, NEEDED_BYTES, purpose="Setting up")
    try:
        import ensurepip  # noqa: F401, PLC0415 - Debian ships Python without it
        import venv  # noqa: F401, PLC0415
    except ImportError:
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        raise Problem(
            f"This Python cannot create virtual environments. Run: apt-get install -y python3-venv   "
            f"(or {version}-venv), then run the same command again."
        ) from None
    with step("Virtual environment .venv"):
        run_logged(
            [sys.executable, "-m", "venv", "--clear", VENV],
            log=BUILD / "log" / "venv.log",
            doing="Creating .venv",
        )
