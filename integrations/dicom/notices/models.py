"""What other nodes are to be told, and what was agreed with them: rows first, associations after."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _


class Notice(models.Model):
    """One message to a node, tried until it is delivered or given up.

    Notices of a lane go one after the other (a step is created before it is changed); other lanes of the same
    node do not wait for them.
    """

    class Kind(models.TextChoices):
        STEP_CREATED = "step_created", _("Performed step created")
        STEP_CHANGED = "step_changed", _("Performed step changed")
        COMMITMENT_REQUEST = "commitment_request", _("Storage commitment request")
        COMMITMENT_RESULT = "commitment_result", _("Storage commitment result")
        AVAILABILITY = "availability", _("Instance availability")
        REJECTION_NOTE = "rejection_note", _("Rejection note")

    node = models.ForeignKey("dicom.ApplicationEntity", on_delete=models.PROTECT, related_name="notices")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    lane = models.CharField(max_length=80)
    body = models.JSONField(default=dict)
    study_instance_uid = models.CharField(max_length=64, blank=True)
    queued_at = models.DateTimeField()
    attempts = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField()
    lease_until = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    error_code = models.CharField(max_length=80, blank=True)
    trace_id = models.UUIDField()

    class Meta:
        indexes = [
            models.Index(
                fields=["node", "lane", "id"],
                name="notice_open",
                condition=models.Q(delivered_at__isnull=True, failed_at__isnull=True),
            ),
            models.Index(
                fields=["node", "queued_at"],
                name="notice_waiting",
                condition=models.Q(delivered_at__isnull=True, failed_at__isnull=True),
            ),
            models.Index(fields=["node", "-id"], name="notice_recent"),
            models.Index(
                fields=["failed_at"], name="notice_dead", condition=models.Q(failed_at__isnull=False)
            ),
        ]


class Commitment(models.Model):
    """A storage commitment transaction: we answer for instances, or a node answers to us for them.

    `references` are pairs of SOP Class and Instance UID, `failures` triples with the reason (PS3.3 §C.14.1.1).
    """

    class Direction(models.TextChoices):
        OURS = "ours", _("We answer for the instances")
        THEIRS = "theirs", _("The node answers for the instances")

    class State(models.TextChoices):
        ASKED = "asked", _("Requested")
        COMMITTED = "committed", _("Committed")
        PARTLY = "partly", _("Not all committed")
        FAILED = "failed", _("Given up")

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    node = models.ForeignKey("dicom.ApplicationEntity", on_delete=models.PROTECT, related_name="commitments")
    direction = models.CharField(max_length=8, choices=Direction.choices)
    transaction_uid = models.CharField(max_length=64)
    study_instance_uid = models.CharField(max_length=64, blank=True)
    references = models.JSONField(default=list)
    failures = models.JSONField(default=list)
    state = models.CharField(max_length=10, choices=State.choices, default=State.ASKED)
    asked_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    trace_id = models.UUIDField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["node", "direction", "transaction_uid"], name="commitment_once")
        ]
        indexes = [models.Index(fields=["study_instance_uid"], name="commitment_study")]
