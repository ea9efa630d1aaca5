"""Compute workers: how much of a machine they take, and when a silent one counts as gone."""

from __future__ import annotations

import environ

env = environ.Env()

COMPUTE_THREADS = env.int("COMPUTE_THREADS", 2)
COMPUTE_LEASE_SECONDS = env.float("COMPUTE_LEASE_SECONDS", 30.0)
COMPUTE_MEMORY_SHARE = env.float("COMPUTE_MEMORY_SHARE", 0.5)
COMPUTE_MAX_ATTEMPTS = env.int("COMPUTE_MAX_ATTEMPTS", 4)
