"""A modality: reads the worklist if asked to, sends a study by C-STORE, and does not give up easily.

`python -m integrations.simulators.modality --study FOLDER --host 127.0.0.1 --port 11112
    --ae-title COUNTY_CT1 --called CONSILIUM [--worklist]`

What was not acknowledged when a connection dies is sent again over a new one, as scanners do. The last line
printed is one JSON object that says what happened. Needs no Django and no database.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from common.errors import NotPermitted, ServiceError, Unavailable
from integrations.dicom.scu.association import Peer, associate
from integrations.dicom.scu.find import find_worklist, worklist_query
from integrations.dicom.scu.store import StorageSCU, StoredFile, contexts_for, stored_files

SUCCESS = 0x0000
WARNINGS = range(0xB000, 0xC000)
TRY_LATER = range(0xA700, 0xA800)


@dataclass
class Outcome:
    """What became of the objects, and how many connections it took."""

    sent: int = 0
    refused: Counter[int] = field(default_factory=Counter)
    unsent: int = 0
    connections: int = 0

    @property
    def is_complete(self) -> bool:
        return not self.refused and not self.unsent


def send_study(
    peer: Peer,
    files: list[StoredFile],
    *,
    attempts: int = 30,
    pause_s: float = 0.5,
    on_sent: Callable[[int], None] = lambda _count: None,
) -> Outcome:
    """Send every file until each is acknowledged or refused for good.

    A connection that fails or dies, and an answer that asks for later, are followed by a pause and another
    connection, `attempts` times in a row without anything being acknowledged.
    """
    outcome, waiting, left = Outcome(), list(files), attempts
    while waiting and left:
        before = len(waiting)
        try:
            waiting = _send_some(peer, waiting, outcome, on_sent)
        except NotPermitted:
            left = 1
        except Unavailable:
            pass
        left = attempts if len(waiting) < before else left - 1
        if waiting and left:
            time.sleep(pause_s)
    outcome.unsent = len(waiting)
    return outcome


def _send_some(
    peer: Peer, waiting: list[StoredFile], outcome: Outcome, on_sent: Callable[[int], None]
) -> list[StoredFile]:
    """Send over one association; the files that still wait. Raises only if none could be dealt with."""
    later: list[StoredFile] = []
    done = 0
    try:
        with associate(peer, contexts_for(waiting)) as assoc:
            outcome.connections += 1
            scu = StorageSCU(assoc)
            for file in waiting:
                status = scu.send(file)
                done += 1
                if status == SUCCESS or status in WARNINGS:
                    outcome.sent += 1
                    on_sent(outcome.sent)
                elif status in TRY_LATER:
                    later.append(file)
                else:
                    outcome.refused[status] += 1
    except Unavailable:
        if not done:
            raise
    return later + waiting[done:]


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    peer = Peer(options.host, options.port, options.called, options.ae_title, timeout_s=options.timeout)
    began = time.monotonic()
    summary: dict[str, object] = {}
    try:
        if options.worklist:
            entries = find_worklist(peer, worklist_query(station_ae_title=options.ae_title))
            summary["worklist"] = [str(entry.get("AccessionNumber", "")) for entry in entries]
        files = [file for folder in options.study for file in stored_files(folder)]
        outcome = send_study(peer, files, attempts=options.attempts)
    except ServiceError as error:
        print(json.dumps({**summary, "error": error.code}), flush=True)
        return 1
    summary |= {
        "files": len(files),
        "sent": outcome.sent,
        "refused": {f"0x{status:04X}": count for status, count in outcome.refused.items()},
        "unsent": outcome.unsent,
        "connections": outcome.connections,
        "seconds": round(time.monotonic() - began, 2),
    }
    print(json.dumps(summary), flush=True)
    return 0 if files and outcome.is_complete else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--study", type=Path, nargs="*", default=[], help="folders or files to send")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=11112)
    parser.add_argument("--ae-title", default="MODALITY", help="the title the modality calls as")
    parser.add_argument("--called", default="CONSILIUM", help="the title it calls")
    parser.add_argument("--worklist", action="store_true", help="read the worklist first")
    parser.add_argument("--attempts", type=int, default=30, help="connections in a row without success")
    parser.add_argument("--timeout", type=float, default=30.0, help="seconds to wait for an answer")
    return parser


if __name__ == "__main__":
    sys.exit(main())
