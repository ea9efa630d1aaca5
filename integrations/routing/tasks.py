from __future__ import annotations

from celery import shared_task

from integrations.routing import sending


@shared_task(name="integrations.routing.send", ignore_result=True)  # type: ignore[untyped-decorator]
def send(destination_id: int) -> None:
    """Send what waits for one destination; what does not get through is due again later."""
    sending.send_destination(destination_id)


def nudge(destination_id: int) -> None:
    """Tell the workers that something waits for a destination; a minute later a sweep has told them again."""
    send.apply_async((destination_id,), expires=60)
