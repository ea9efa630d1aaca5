from __future__ import annotations

from celery import shared_task

from events import services


@shared_task(name="events.deliver", ignore_result=True)  # type: ignore[untyped-decorator]
def deliver(delivery_ids: list[int]) -> None:
    """Deliver the rows of one event; a row that fails is swept up later."""
    for delivery_id in delivery_ids:
        services.deliver(delivery_id)
