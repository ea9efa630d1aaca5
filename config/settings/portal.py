"""What the portal shows or keeps back."""

from __future__ import annotations

from pathlib import Path

import environ

env = environ.Env()

# The living page of components, for those who work on the portal.
SHOW_COMPONENTS = False

# Where set-up put the files of the diagnostic viewer; pages offer it where they are there.
OHIF_ROOT = Path(env.str("OHIF_ROOT", str(Path(__file__).resolve().parents[2] / "build" / "ohif")))
