"""What every benchmark shares: measuring ours and its peers in turn, and saying what came out.

A benchmark is a module of this package with `def run(*, quick: bool) -> list[Row]`. It starts what it needs,
measures with `measure_in_turn`, and stops what it started.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table: a case measured on ours and, where it is installed, on a peer.

    `ours` and `peer` are medians in `unit`; where the peer is missing, `peer` is
    None and `note` says so. A reference is a yardstick that does less than we do (a floor, a server
    without an index): it is shown, and left out of the worst ratio.
    """

    case: str
    ours: float
    peer_name: str
    peer: float | None
    unit: str
    n: int
    higher_is_better: bool = True
    note: str = ""
    is_reference: bool = False

    @property
    def ratio(self) -> float | None:
        """How many times better ours is, whatever the unit; None without a peer's figure."""
        if not self.peer or not self.ours:
            return None
        return self.ours / self.peer if self.higher_is_better else self.peer / self.ours


def measure_in_turn(
    contestants: Mapping[str, Callable[[], float]], *, rounds: int
) -> dict[str, tuple[float, list[float]]]:
    """Run every contestant once a round, A B A B: medians, and the single figures, by name.

    Machines drift by the minute; what is measured in turn drifts together, so ratios hold.
    """
    figures: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, measure in contestants.items():
            figures[name].append(measure())
    return {name: (statistics.median(values), values) for name, values in figures.items()}


def installed(program: str) -> bool:
    """Whether a peer's program (a name or an absolute path) can be run here."""
    return shutil.which(program) is not None


def missing(case: str, *, ours: float, peer_name: str, unit: str, n: int) -> Row:
    """The row of a peer that is not installed: named, without a figure."""
    return Row(case, ours, peer_name, None, unit, n, note="not installed")


def device() -> str:
    """The machine in a few words."""
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{_processor()}, {os.cpu_count()} cores, {memory_gib:.0f} GiB"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def table(rows: Sequence[Row]) -> str:
    """The rows as a Markdown table, so that a run can be pasted into README.md."""
    head = ("case", "ours", "peer", "peer's", "ratio", "unit", "n")
    body = [
        (
            row.case,
            f"{row.ours:.3g}",
            row.peer_name,
            row.note or "-" if row.peer is None else f"{row.peer:.3g}",
            "-" if row.ratio is None else f"{row.ratio:.2f}",
            row.unit,
            str(row.n),
        )
        for row in rows
    ]
    widths = [max(len(line[column]) for line in (head, *body)) for column in range(len(head))]
    lines = [head, tuple("-" * width for width in widths), *body]
    return "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |"
        for line in lines
    )


def summary(name: str, rows: Sequence[Row]) -> str:
    """The result as one JSON object; `worst_ratio` is None where no peer was there."""
    ratios = [row.ratio for row in rows if row.ratio is not None and not row.is_reference]
    return json.dumps(
        {
            "benchmark": name,
            "device": device(),
            "rows": [
                {
                    "case": row.case,
                    "ours": row.ours,
                    "peer_name": row.peer_name,
                    "peer": row.peer,
                    "ratio": row.ratio,
                    "unit": row.unit,
                    "n": row.n,
                    **({"note": row.note} if row.note else {}),
                    **({"is_reference": True} if row.is_reference else {}),
                }
                for row in rows
            ],
            "worst_ratio": min(ratios) if ratios else None,
        }
    )
