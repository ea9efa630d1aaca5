from __future__ import annotations

from celery import shared_task

from events import delivery


@shared_task(name="events.deliver_bulletin", ignore_result=True)  # type: ignore[untyped-decorator]
def deliver_bulletin(bulletin_id: int) -> None:
    """Deliver what was published together; what is lost on the way or fails is swept up later."""
    delivery.deliver_bulletin(bulletin_id)
