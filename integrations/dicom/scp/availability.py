"""Instance Availability Notification: N-CREATE from nodes that tell what they hold (PS3.4 §R.3.2)."""

from __future__ import annotations

from pydicom.dataset import Dataset
from pynetdicom.events import Event

from common.uids import new_uid
from integrations.dicom.availability.services import receive_notification
from integrations.dicom.models import AERole, ApplicationEntity
from integrations.dicom.scp.requests import Answer, answered, decoded, instance_named


def handle_availability(event: Event) -> Answer:
    """Keep what the node says. 0x0120, 0x0121 and 0x0106 for what is missing or wrong, 0x0124 for one that may not."""

    def keep(node: ApplicationEntity) -> Dataset | None:
        receive_notification(node, decoded(lambda: event.attribute_list))
        if instance_named(event):
            return None
        answer = Dataset()
        answer.AffectedSOPInstanceUID = new_uid()
        return answer

    return answered(event, AERole.AVAILABILITY_SCU, keep, what="availability")
