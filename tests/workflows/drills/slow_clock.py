"""The clock of a drill: the test moves it on, its daemons read it."""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import dataclass
from pathlib import Path

PACE = 0.001
"""How fast it runs by itself: enough to keep what happens in order, too slow for a busy machine to use time up."""


@dataclass
class SlowClock:
    began_s: float
    ahead_s: float = 0.0

    @property
    def now(self) -> dt.datetime:
        passed_s = (time.time() - self.began_s) * PACE
        return dt.datetime.fromtimestamp(self.began_s + self.ahead_s + passed_s, dt.UTC)

    def tell(self, file: Path) -> None:
        told = file.with_suffix(".new")
        told.write_text(f"{self.began_s} {self.ahead_s}")
        told.rename(file)


def told_clock(file: Path) -> SlowClock:
    return SlowClock(*map(float, file.read_text().split()))
