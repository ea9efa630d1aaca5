"""News that must not be lost: one row a subscriber, written in the publisher's transaction."""

from __future__ import annotations

from django.db import models


class Delivery(models.Model):
    """One event on its way to one subscriber.

    Publishing writes one row for each subscriber, in the transaction of the change the event tells
    of. Handling it and marking it delivered happen in one transaction too, so what a handler writes
    to the database happens once.
    """

    event_uid = models.UUIDField()
    name = models.CharField(max_length=80)
    subscriber = models.CharField(max_length=120)
    payload = models.JSONField()
    trace_id = models.UUIDField()
    published_at = models.DateTimeField()
    attempts = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    error_code = models.CharField(max_length=80, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["event_uid", "subscriber"], name="delivery_once"),
        ]
        indexes = [
            models.Index(
                fields=["next_attempt_at"],
                name="delivery_due",
                condition=models.Q(delivered_at=None, failed_at=None),
            ),
            models.Index(fields=["trace_id"], name="delivery_trace"),
            models.Index(fields=["failed_at"], name="delivery_dead", condition=~models.Q(failed_at=None)),
        ]
