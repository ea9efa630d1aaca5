"""Scripts of designers: what one may take, and whether this system must be able to confine it."""

from __future__ import annotations

import environ

env = environ.Env()

SCRIPT_WALL_SECONDS = env.float("SCRIPT_WALL_SECONDS", 1.0)
SCRIPT_MEMORY_MIB = env.int("SCRIPT_MEMORY_MIB", 64)
SCRIPT_RESULT_KIB = env.int("SCRIPT_RESULT_KIB", 1024)
# "required": where the kernel has no filter of system calls, no script runs. "reduced": it runs with the rest.
SCRIPT_SANDBOX = env.str("SCRIPT_SANDBOX", "required")
# The audit line of a stopped script is written by a connection of its own, so that no rollback takes it along.
SCRIPT_DENIALS_APART = True
