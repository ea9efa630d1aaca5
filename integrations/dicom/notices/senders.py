"""Everything that delivers notices, named in one place so that it registers itself."""

from __future__ import annotations

from integrations.dicom.availability import services as availability
from integrations.dicom.commitment import exchange
from integrations.dicom.performed import forwarding
from integrations.dicom.rejections import services as rejections

SENDERS = (availability, exchange, forwarding, rejections)
