from __future__ import annotations

from celery import shared_task

from integrations.dicom.notices import delivery


@shared_task(name="integrations.dicom.deliver_notices", ignore_result=True)  # type: ignore[untyped-decorator]
def deliver_notices(node_pk: int) -> None:
    """Deliver what is due for one node; what does not get through is due again later."""
    delivery.deliver_to(node_pk)
