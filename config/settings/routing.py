"""Routing: how long a silent sender keeps what it took, how long is tried, and where folders may lie."""

from __future__ import annotations

import environ

env = environ.Env()

ROUTING_LEASE_SECONDS = env.float("ROUTING_LEASE_SECONDS", 60.0)
ROUTING_GIVE_UP_HOURS = env.float("ROUTING_GIVE_UP_HOURS", 72.0)
ROUTING_FACTS_DAYS = env.int("ROUTING_FACTS_DAYS", 90)
# Kinds of destinations that are sent a study again when it was filed under another patient or order.
ROUTING_RESEND_CORRECTED = env.list("ROUTING_RESEND_CORRECTED", default=["dimse"])
# Folder destinations lie below one of these folders; the profile adds its own where none is named.
ROUTING_FOLDERS = env.list("ROUTING_FOLDERS", default=[])
