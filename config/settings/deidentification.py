"""De-identification: where the keys of its projects are held. Secrets are files, never rows."""

from __future__ import annotations

import environ

env = environ.Env()

# A folder with NAME.key, NAME.pem and, where people may re-identify, NAME.private.pem.
DEIDENTIFICATION_KEYS = env.str("DEIDENTIFICATION_KEYS", "")
