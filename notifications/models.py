"""What somebody is to be told, and whether it reached them."""

from __future__ import annotations

import uuid

from django.db import models

from accounts.models import Person


class Notification(models.Model):
    """One piece of news for one person.

    The row holds a kind, the name of a step and UIDs; its sentences are made when it is shown, in the
    person's language, and say nothing of a patient. `cause` makes telling twice the same as telling once.
    `about` names what it is about (`task:<uid>`): when that is over, the notification is read.
    """

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="notifications")
    kind = models.CharField(max_length=40)
    step = models.CharField(max_length=120, blank=True)
    subjects = models.JSONField(default=dict)
    about = models.CharField(max_length=80, blank=True)
    cause = models.CharField(max_length=120)
    href = models.CharField(max_length=200)
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)
    trace_id = models.UUIDField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "cause"], name="notification_once")]
        indexes = [
            models.Index(fields=["person", "-created_at"], name="notification_recent"),
            models.Index(
                fields=["person", "-created_at"],
                name="notification_unread",
                condition=models.Q(read_at=None),
            ),
            models.Index(fields=["about"], name="notification_about", condition=models.Q(read_at=None)),
            models.Index(fields=["trace_id"], name="notification_trace"),
        ]


class DeliveryAttempt(models.Model):
    """A notification on its way by one transport. The row is the truth, a queued message only a nudge."""

    class Status(models.TextChoices):
        QUEUED = "queued"
        DELIVERED = "delivered"
        FAILED = "failed"

    notification = models.ForeignKey(Notification, on_delete=models.CASCADE, related_name="attempts")
    transport = models.CharField(max_length=20)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.QUEUED)
    attempts = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    error_code = models.CharField(max_length=80, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["notification", "transport"], name="attempt_once"),
        ]
        indexes = [
            models.Index(
                fields=["next_attempt_at"],
                name="attempt_due",
                condition=models.Q(status="queued"),
            )
        ]
