"""The HL7 listener."""

from __future__ import annotations

import environ

env = environ.Env()

HL7_HOST = env.str("HL7_HOST", "127.0.0.1")
HL7_PORT = env.int("HL7_PORT", 2575)
HL7_APPLICATION = env.str("HL7_APPLICATION", "CONSILIUM")
HL7_FACILITY = env.str("HL7_FACILITY", "REGION")
HL7_WORKERS = env.int("HL7_WORKERS", 4)
