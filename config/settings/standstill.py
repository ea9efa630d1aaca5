"""How old a state may grow before people are shown that it stands still."""

from __future__ import annotations

import environ

env = environ.Env()

# A node that was left alone for so long, and objects and notices that waited for so long.
STANDSTILL_NODE_MINUTES = env.float("STANDSTILL_NODE_MINUTES", 60.0)
STANDSTILL_WAITING_HOURS = env.float("STANDSTILL_WAITING_HOURS", 4.0)
# A segment that nobody has sealed; writers seal theirs when an association ends.
STANDSTILL_SEGMENT_HOURS = env.float("STANDSTILL_SEGMENT_HOURS", 24.0)
# A copy that fails on its way between volumes, and a correction that was planned and is not performed.
STANDSTILL_COPY_HOURS = env.float("STANDSTILL_COPY_HOURS", 4.0)
STANDSTILL_CORRECTION_MINUTES = env.float("STANDSTILL_CORRECTION_MINUTES", 60.0)
