from __future__ import annotations

from celery import shared_task

from integrations.webhooks import delivery


@shared_task(name="integrations.webhooks.deliver", ignore_result=True)  # type: ignore[untyped-decorator]
def deliver(webhook_pk: int) -> None:
    """Deliver what is due for one webhook; what does not get through is due again later."""
    delivery.deliver_to(webhook_pk)
