"""Where bytes lie and how they are looked after. Credentials come from the environment only."""

from __future__ import annotations

import environ

env = environ.Env()

# An S3 volume takes these; the usual AWS names and files are used where they are empty.
S3_ACCESS_KEY_ID = env.str("S3_ACCESS_KEY_ID", "")
S3_SECRET_ACCESS_KEY = env.str("S3_SECRET_ACCESS_KEY", "")
S3_CONNECT_TIMEOUT_S = env.float("S3_CONNECT_TIMEOUT_S", 3.0)
S3_READ_TIMEOUT_S = env.float("S3_READ_TIMEOUT_S", 30.0)
S3_ATTEMPTS = env.int("S3_ATTEMPTS", 3)

# Which complete series are written anew as one segment in slice order: thin, all or none.
STORAGE_PACK = env.str("STORAGE_PACK", "thin")
# How long bytes that nothing refers to any more stay readable, for readers that were told of them before.
STORAGE_GRACE_SECONDS = env.int("STORAGE_GRACE_SECONDS", 3600)
# A study that a person deleted can be brought back for so long.
STORAGE_UNDO_DAYS = env.int("STORAGE_UNDO_DAYS", 7)
# Every copy is read again at least so often, at no more than so many megabytes a second.
SCRUB_EVERY_DAYS = env.int("SCRUB_EVERY_DAYS", 30)
SCRUB_MB_PER_SECOND = env.float("SCRUB_MB_PER_SECOND", 50.0)
# Moves and copies between volumes, all together in one process.
MOVE_MB_PER_PASS = env.int("MOVE_MB_PER_PASS", 512)
# The master of a SeaweedFS cluster behind a volume, by the volume's name: {"warm": "http://10.0.0.1:9333"}.
SEAWEEDFS_MASTERS = env.json("SEAWEEDFS_MASTERS", {})
