"""Who the servers run as, and where that user can reach their files.

PostgreSQL refuses to run as root. Started by root, the servers run as a system user of their own; the
permissions of folders that are not ours are never touched for it.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from launcher.problems import Problem

USER = "consilium"
ELSEWHERE = Path("/var/lib/consilium")


@dataclass(frozen=True)
class Owner:
    """A user of the system; None for both numbers means whoever started the launcher."""

    uid: int | None = None
    gid: int | None = None

    def take(self, path: Path) -> None:
        """Make a path of ours belong to this user."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)

    def can_enter(self, folder: Path) -> bool:
        """Whether this user can reach what is in a folder."""
        if self.uid is None:
            return True
        probe = subprocess.run(
            ["/bin/sh", "-c", 'cd "$1"', "sh", folder],
            user=self.uid, group=self.gid, extra_groups=[], check=False, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        return probe.returncode == 0


def server_owner() -> Owner:
    """The system user for the servers when root asks, created if need be; else the person themself."""
    if os.geteuid() != 0:
        return Owner()
    try:
        entry = pwd.getpwnam(USER)
    except KeyError:
        entry = _create_user()
    return Owner(entry.pw_uid, entry.pw_gid)


def server_home(var: Path, owner: Owner) -> Path:
    """Where the servers of this var keep their data: in it, or, where their user cannot get there,
    in a place of its own under /var/lib/consilium.
    """
    if owner.can_enter(var):
        return var
    mark = hashlib.sha256(str(var).encode()).hexdigest()[:12]
    home = ELSEWHERE / f"{var.parent.name or 'root'}-{mark}"
    home.mkdir(parents=True, exist_ok=True, mode=0o755)
    return home


def _create_user() -> pwd.struct_passwd:
    useradd = shutil.which("useradd", path="/usr/sbin:/sbin:" + os.environ.get("PATH", ""))
    if useradd is None:
        raise Problem(
            "PostgreSQL does not run as root and `useradd` is missing: run ./consilium as another user, "
            f"or create a system user named {USER}."
        )
    command = [useradd, "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", USER]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        return pwd.getpwnam(USER)
    except KeyError:
        raise Problem(
            f"The system user {USER} for the database could not be created: {made.stderr.strip()}"
        ) from None
