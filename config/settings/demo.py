"""A demo region: accounts everybody knows, and a simulated record of the county hospital."""

from __future__ import annotations

from pathlib import Path

import environ

env = environ.Env()

_VAR = Path(env.str("CONSILIUM_VAR", str(Path(__file__).resolve().parents[2] / "var")))
# `load_demo_region` leaves this mark: known accounts and simulated peers exist only where it is. The
# sign-in page says so too.
DEMO_MARK = _VAR / "demo-region"
DEMO_REGION = env.bool("DEMO_REGION", DEMO_MARK.exists())
EMR_FOLDER = _VAR / "emr"
HL7_EMR_PORT = env.int("HL7_EMR_PORT", 2576)
