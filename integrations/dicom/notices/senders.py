"""Everything that delivers notices, named in one place so that it registers itself."""

from __future__ import annotations

from integrations.dicom.commitment import exchange
from integrations.dicom.performed import forwarding

SENDERS = (forwarding, exchange)
