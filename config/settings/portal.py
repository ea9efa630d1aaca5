"""What the portal shows or keeps back."""

from __future__ import annotations

# The living page of components, for those who work on the portal.
SHOW_COMPONENTS = False
