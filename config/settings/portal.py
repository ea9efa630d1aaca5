"""What the portal shows or keeps back."""

from __future__ import annotations

import environ

env = environ.Env()

# A demo region says so on the sign-in page, and names its accounts there.
DEMO_REGION = env.bool("DEMO_REGION", False)
# The living page of components, for those who work on the portal.
SHOW_COMPONENTS = False
