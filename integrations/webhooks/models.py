"""Who elsewhere is told of cases and tasks, and every delivery of the news with what became of it."""

from __future__ import annotations

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models

from accounts.models import Person, Site


class Webhook(models.Model):
    """An address that is told of a site's cases and tasks.

    Its secret is kept nowhere: `signing` derives it, and `secret_number` counts how often it was changed.
    `rests_until` leaves a receiver alone that does not take what it is sent, `failures` in a row.
    """

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="webhooks")
    name = models.CharField(max_length=60)
    url = models.CharField(max_length=500)
    events = ArrayField(models.CharField(max_length=80))
    secret_number = models.PositiveIntegerField(default=1)
    is_enabled = models.BooleanField(default=True)
    created_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    failures = models.PositiveIntegerField(default=0)
    rests_until = models.DateTimeField(null=True)
    last_delivered_at = models.DateTimeField(null=True)


class WebhookDelivery(models.Model):
    """One piece of news on its way to one receiver. `uid` is what the receiver knows it by, however often it
    comes; `status_code` and `error_code` tell how the last attempt ended."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    webhook = models.ForeignKey(
        Webhook, on_delete=models.CASCADE, related_name="deliveries", db_index=False
    )  # begins two indexes
    event_uid = models.UUIDField()
    event = models.CharField(max_length=80)
    payload = models.JSONField()
    trace_id = models.UUIDField()
    queued_at = models.DateTimeField()
    attempts = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    status_code = models.PositiveSmallIntegerField(null=True)
    error_code = models.CharField(max_length=80, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["webhook", "event_uid"], name="webhook_event_once"),
        ]
        indexes = [
            models.Index(
                fields=["next_attempt_at"],
                name="webhook_due",
                condition=models.Q(delivered_at=None, failed_at=None),
            ),
            models.Index(fields=["webhook", "-id"], name="webhook_recent"),
            models.Index(fields=["queued_at"], name="webhook_age"),
        ]
