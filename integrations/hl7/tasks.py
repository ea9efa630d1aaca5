from __future__ import annotations

from celery import shared_task

from integrations.hl7 import delivery


@shared_task(name="integrations.hl7.deliver_link", ignore_result=True)  # type: ignore[untyped-decorator]
def deliver_link(link_id: int) -> None:
    """Deliver what waits for one link; what does not get through is due again later."""
    delivery.deliver_link(link_id)
