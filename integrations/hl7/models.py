"""Links to other systems, every message that came or went, and what is still to be delivered."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.actors import SystemActor
from accounts.models import Site


class Link(models.Model):
    """A system we exchange messages with, in one direction.

    An inbound link is known by MSH-3 and MSH-4. Where `sending_facility` is empty the link serves a whole
    region, and each message names its own site in MSH-4. `consultation_codes` are the values of OBR-4.1 that
    ask for a remote consultation. `mapping_script` is the script every message of the link goes through: of the
    library, as `name` for the version in force or `name@3`.
    """

    class Direction(models.TextChoices):
        INBOUND = "inbound", _("Inbound")
        OUTBOUND = "outbound", _("Outbound")

    name = models.SlugField(max_length=60, unique=True)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="hl7_links")
    direction = models.CharField(max_length=8, choices=Direction.choices)
    sending_application = models.CharField(max_length=60, blank=True)
    sending_facility = models.CharField(max_length=60, blank=True)
    receiving_application = models.CharField(max_length=60, blank=True)
    receiving_facility = models.CharField(max_length=60, blank=True)
    host = models.CharField(max_length=255, blank=True)
    port = models.PositiveIntegerField(null=True, blank=True)
    character_set = models.CharField(max_length=20, default="UNICODE UTF-8")
    consultation_codes = models.JSONField(default=list, blank=True)
    mapping_script = models.CharField(max_length=75, blank=True, default="")
    is_active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["sending_application", "sending_facility"],
                name="link_sender_once",
                condition=models.Q(direction="inbound", is_active=True),
            ),
            models.CheckConstraint(
                name="link_outbound_has_address",
                condition=models.Q(direction="inbound") | (~models.Q(host="") & models.Q(port__isnull=False)),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def actor(self) -> SystemActor:
        return SystemActor(f"hl7:{self.name}", self.site.code)


class MessageLog(models.Model):
    """A message as it came or went, byte for byte, and how it was answered; `mapped_by` is the script's version.

    `digest` is over all but the header, so a message sent again is recognised although its time stamp
    changed, and a control ID used for two different messages is found out.
    """

    class Direction(models.TextChoices):
        INBOUND = "inbound", _("Inbound")
        OUTBOUND = "outbound", _("Outbound")

    class Status(models.TextChoices):
        ACCEPTED = "accepted", _("Accepted")
        REJECTED = "rejected", _("Refused")
        FAILED = "failed", _("Failed")
        QUEUED = "queued", _("Waiting")
        ACKNOWLEDGED = "acknowledged", _("Acknowledged")

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    direction = models.CharField(max_length=8, choices=Direction.choices)
    link = models.ForeignKey(Link, null=True, on_delete=models.PROTECT, related_name="messages")
    site = models.ForeignKey(Site, null=True, on_delete=models.PROTECT, related_name="+")
    sending_application = models.CharField(max_length=60, blank=True)
    sending_facility = models.CharField(max_length=60, blank=True)
    control_id = models.CharField(max_length=199, blank=True)
    message_type = models.CharField(max_length=20, blank=True)
    version = models.CharField(max_length=12, blank=True)
    digest = models.CharField(max_length=64)
    raw = models.BinaryField()
    answer = models.BinaryField(default=bytes)
    received_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    status = models.CharField(max_length=12, choices=Status.choices)
    receipts = models.PositiveIntegerField(default=1)
    ack_code = models.CharField(max_length=2, blank=True)
    error_condition = models.CharField(max_length=8, blank=True)
    error_code = models.CharField(max_length=80, blank=True)
    error_location = models.CharField(max_length=40, blank=True)
    error_text = models.CharField(max_length=200, blank=True)
    trace_id = models.UUIDField()
    mapped_by = models.CharField(max_length=75, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["link", "control_id", "digest"],
                name="inbound_message_once",
                condition=models.Q(direction="inbound") & ~models.Q(control_id=""),
            ),
            models.UniqueConstraint(
                fields=["control_id"], name="outbound_message_once", condition=models.Q(direction="outbound")
            ),
        ]
        indexes = [
            models.Index(fields=["site", "-received_at"], name="message_site_recent"),
            models.Index(fields=["-received_at"], name="message_recent"),
            models.Index(fields=["trace_id"], name="message_trace"),
        ]


class OutboundMessage(models.Model):
    """A message on its way, retried until the receiver has acknowledged it; one at a time for each link.

    `lease_until` marks the sender at work; a lease that ran out means the sender is gone, and the same bytes
    with the same control ID go out again. `run_uid` is the process step that waits for the acknowledgement;
    `step_told_at` says that it was told how it ended.
    """

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    log = models.OneToOneField(MessageLog, on_delete=models.CASCADE, related_name="delivery")
    link = models.ForeignKey(Link, on_delete=models.PROTECT, related_name="outbound_messages")
    run_uid = models.UUIDField(null=True, unique=True)
    subjects = models.JSONField(default=dict)
    queued_at = models.DateTimeField()
    attempts = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField()
    lease_until = models.DateTimeField(null=True)
    acknowledged_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    step_told_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["link", "id"],
                name="outbound_open",
                condition=models.Q(acknowledged_at=None, failed_at=None),
            ),
            models.Index(
                fields=["id"],
                name="outbound_step_untold",
                condition=models.Q(run_uid__isnull=False, step_told_at=None)
                & ~models.Q(acknowledged_at=None, failed_at=None),
            ),
        ]
