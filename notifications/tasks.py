from __future__ import annotations

from celery import shared_task

from notifications import services


@shared_task(name="notifications.deliver", ignore_result=True)  # type: ignore[untyped-decorator]
def deliver(attempt_ids: list[int]) -> None:
    """Send the attempts of a committed notification; one that fails is swept up later."""
    for attempt_id in attempt_ids:
        services.attempt_delivery(attempt_id)
