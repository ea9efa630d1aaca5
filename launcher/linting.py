"""`./consilium lint`: style, types and import directions."""

from __future__ import annotations

import os
import subprocess

from launcher.paths import ROOT, VENV
from launcher.setup import prepare_checkout
from launcher.steps import say, step

CHECKS = {
    "Style (ruff check)": ["ruff", "check", "."],
    "Format (ruff format)": ["ruff", "format", "--check", "."],
    "Types (mypy)": ["mypy", "."],
    "Import directions (import-linter)": ["lint-imports", "--no-logo"],
}


def lint() -> int:
    """Every check, all of them even when one fails; 1 if any did."""
    prepare_checkout(development=True, with_frontend=False)
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings.test"}
    failed = []
    for title, (program, *arguments) in CHECKS.items():
        with step(title) as progress:
            checked = subprocess.run(
                [VENV / "bin" / program, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True,
                check=False,
            )  # fmt: skip
            progress.is_done = checked.returncode == 0
        if not progress.is_done:
            failed.append(title)
            say(checked.stdout + checked.stderr)
    say(f"Failed: {', '.join(failed)}." if failed else "All checks passed.")
    return 1 if failed else 0
