"""Running other programs: their output goes to a log file, their failure becomes one sentence."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from launcher.paths import ROOT
from launcher.problems import DISK_FULL, Problem


def run_logged(
    command: Sequence[str | Path],
    *,
    log: Path,
    doing: str,
    environment: Mapping[str, str] | None = None,
    folder: Path = ROOT,
) -> None:
    """Run to the end, keeping what it prints in `log`.

    Raises  Problem with the last line it printed, when it fails.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        finished = subprocess.run(
            command, cwd=folder, env=environment, stdout=output, stderr=subprocess.STDOUT, check=False,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
    if finished.returncode != 0:
        raise Problem(failure_sentence(log, doing=doing))


def failure_sentence(log: Path, *, doing: str) -> str:
    """Why a program failed, as its log tells it."""
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    if any("No space left on device" in line for line in lines):
        return DISK_FULL.format(place=ROOT)
    reason = next((line for line in reversed(lines) if "error" in line.lower()), lines[-1] if lines else "")
    return f"{doing} failed: {reason[:300] or 'it said nothing'} (everything it printed: {log})"
