"""Server processes that end with us: in order when asked, and by the kernel when we are killed."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from launcher.embedded.owner import Owner

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def spawn(
    command: Sequence[str | Path],
    *,
    log: Path,
    owner: Owner | None = None,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    orphaned: signal.Signals = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Start a process in a session of its own; it gets the signal `orphaned` should we be killed.

    Convention  called from the main thread: the kernel counts the end of a thread as the parent's.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    parent = os.getpid()
    who = owner or Owner()

    def tie() -> None:
        _libc.prctl(_PR_SET_PDEATHSIG, int(orphaned))
        if os.getppid() != parent:
            os._exit(1)

    groups: list[str | int] | None = None if who.uid is None else []
    with log.open("ab") as output:
        return subprocess.Popen(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=output,
            stderr=subprocess.STDOUT, start_new_session=True, preexec_fn=tie,  # noqa: PLW1509 - one call into the C library, nothing else
            user=who.uid, group=who.gid, extra_groups=groups,
        )  # fmt: skip


def stop(
    process: subprocess.Popen[bytes], *, by: signal.Signals = signal.SIGTERM, within_s: float = 30
) -> bool:
    """End a process by signal; False when it had to be killed for not ending in time."""
    if process.poll() is not None:
        return True
    process.send_signal(by)
    try:
        process.wait(within_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return False
    return True
