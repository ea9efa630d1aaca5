"""News that must not be lost: a bulletin in the publisher's transaction, then a row for each subscriber."""

from __future__ import annotations

from django.db import models

LONGEST_NAME = 80


class Bulletin(models.Model):
    """What one publication tells, until it is spread: one row, whatever the number of news and subscribers.

    `news` holds `uid`, `name` and `payload` of each event, in order. The row is deleted in the transaction that
    writes its deliveries. Keys grow with publications, so the table needs no index but theirs: it holds what the
    workers have not come to yet.
    """

    news = models.JSONField()
    trace_id = models.UUIDField()
    published_at = models.DateTimeField()
    next_attempt_at = models.DateTimeField()


class Delivery(models.Model):
    """One event on its way to one subscriber.

    Handling it and marking it delivered happen in one transaction, so what a handler writes to the database
    happens once.
    """

    event_uid = models.UUIDField()
    name = models.CharField(max_length=LONGEST_NAME)
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
