"""What nodes are told of when something happens in the archive, and what their rejection notes do."""

from __future__ import annotations

from events.services import subscribe
from integrations.dicom.availability.services import tell_of_correction, tell_of_series
from integrations.dicom.rejections.services import apply_received_note, pass_on_note


def subscribe_all() -> None:
    """Register for the archive's news."""
    subscribe("SeriesComplete", subscriber="dicom.availability", handler=tell_of_series)
    subscribe("InstancesWithdrawn", subscriber="dicom.availability", handler=tell_of_correction)
    subscribe("InstancesRestored", subscriber="dicom.availability", handler=tell_of_correction)
    subscribe("KeyObjectsReceived", subscriber="dicom.rejections", handler=apply_received_note)
    subscribe("InstancesWithdrawn", subscriber="dicom.rejections", handler=pass_on_note)
