"""The folder that keeps everything a region owns: data, secrets, logs. One launcher at a time."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from launcher import environment
from launcher.problems import Problem

NEEDED_BYTES = 512 * 1024**2


@dataclass(frozen=True)
class Var:
    """A var folder in our hands. One that is thrown away forgets its data without flushing them."""

    folder: Path
    is_thrown_away: bool = False

    @property
    def logs(self) -> Path:
        return self.folder / "log"

    @property
    def run(self) -> Path:
        return self.folder / "run"

    @property
    def services(self) -> Path:
        return self.folder / "services.json"

    def stamp(self, name: str) -> Path:
        return self.folder / "stamps" / name


@contextmanager
def kept_var(folder: Path) -> Iterator[Var]:
    """The var folder that is there tomorrow, locked.

    Raises  Problem when another launcher works on it, or the disk is nearly full.
    """
    # Root's servers run as another user, who must be able to pass through: pass, not list.
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o711 if os.geteuid() == 0 else 0o700)
    environment.require_space(folder, NEEDED_BYTES, purpose="Running")
    with (folder / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise Problem(
                f"Consilium already runs on {folder} (process {lock.read().strip() or 'unknown'}): stop it first, "
                "or give this one a folder of its own by CONSILIUM_VAR."
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield Var(folder)


@contextmanager
def throw_away_var() -> Iterator[Var]:
    """A var folder that is gone afterwards, with everything in it."""
    folder = Path(tempfile.mkdtemp(prefix="consilium-"))
    try:
        with kept_var(folder) as var:
            yield Var(var.folder, is_thrown_away=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
