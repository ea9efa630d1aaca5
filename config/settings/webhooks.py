"""Webhooks: where receivers may be, and how long a delivery is tried."""

from __future__ import annotations

import environ

env = environ.Env()

# Networks receivers may be in although they are loopback, link-local or reserved, such as 127.0.0.0/8; and
# whether an address of those networks may be reached by plain http.
WEBHOOK_NETWORKS = env.list("WEBHOOK_NETWORKS", default=[])
WEBHOOK_ALLOW_PLAIN = env.bool("WEBHOOK_ALLOW_PLAIN", False)
WEBHOOK_GIVE_UP_HOURS = env.float("WEBHOOK_GIVE_UP_HOURS", 72.0)
WEBHOOK_KEEP_DAYS = env.int("WEBHOOK_KEEP_DAYS", 30)
WEBHOOK_TIMEOUT_SECONDS = env.float("WEBHOOK_TIMEOUT_SECONDS", 10.0)
