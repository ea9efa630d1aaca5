"""What is known of a remote node from talking to it. Every process reads and writes the same rows."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Person


class NodeHealth(models.Model):
    """The circuit breaker of one node.

    `failures` counts since the last success. While `open_until` lies ahead nobody calls the node; after it one
    caller at a time may try, which is what `probe_until` leases. A success closes the breaker; `opened_at` tells
    since when it is open.
    """

    node = models.OneToOneField("dicom.ApplicationEntity", on_delete=models.CASCADE, related_name="health")
    failures = models.PositiveIntegerField(default=0)
    opened_at = models.DateTimeField(null=True)
    open_until = models.DateTimeField(null=True)
    probe_until = models.DateTimeField(null=True)
    last_ok_at = models.DateTimeField(null=True)
    last_failed_at = models.DateTimeField(null=True)
    last_error_code = models.CharField(max_length=40, blank=True)

    @property
    def is_well(self) -> bool:
        """Whether the newest call got through."""
        if self.last_ok_at is None or self.failures:
            return False
        return self.last_failed_at is None or self.last_failed_at < self.last_ok_at


class NodeFailure(models.Model):
    """One call that did not get through, for people to read. A duty keeps the newest."""

    node = models.ForeignKey("dicom.ApplicationEntity", on_delete=models.CASCADE, related_name="failures")
    failed_at = models.DateTimeField()
    code = models.CharField(max_length=40)
    reason = models.CharField(max_length=60, blank=True)
    purpose = models.CharField(max_length=16)

    class Meta:
        indexes = [models.Index(fields=["node", "-failed_at"], name="nodefailure_recent")]


class NodeSlot(models.Model):
    """One association with a node, open in some process. A process that dies leaves a lease that runs out."""

    node = models.ForeignKey("dicom.ApplicationEntity", on_delete=models.CASCADE, related_name="slots")
    purpose = models.CharField(max_length=16)
    taken_at = models.DateTimeField()
    expires_at = models.DateTimeField()


class NodeTraffic(models.Model):
    """Instances that went to a node or came from it in one hour."""

    class Direction(models.TextChoices):
        OUT = "out", _("Sent")
        IN = "in", _("Received")

    node = models.ForeignKey("dicom.ApplicationEntity", on_delete=models.CASCADE, related_name="traffic")
    direction = models.CharField(max_length=3, choices=Direction.choices)
    hour = models.DateTimeField()
    instances = models.PositiveBigIntegerField(default=0)
    size_bytes = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["node", "direction", "hour"], name="nodetraffic_once_an_hour")
        ]


class NodeCheck(models.Model):
    """One graded check of a node: `steps` holds `checks.Step`s as they end, `grade` the worst of them."""

    class State(models.TextChoices):
        QUEUED = "queued", _("Waiting")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        LOST = "lost", _("Broken off")

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    node = models.ForeignKey("dicom.ApplicationEntity", on_delete=models.CASCADE, related_name="checks")
    asked_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    stores = models.BooleanField(default=False)
    state = models.CharField(max_length=8, choices=State.choices, default=State.QUEUED)
    asked_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    grade = models.CharField(max_length=8, blank=True)
    steps = models.JSONField(default=list)

    class Meta:
        indexes = [
            models.Index(fields=["node", "-id"], name="nodecheck_recent"),
            models.Index(
                fields=["asked_at"],
                name="nodecheck_open",
                condition=models.Q(state__in=["queued", "running"]),
            ),
        ]
