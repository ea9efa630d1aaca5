"""Routing: tables that say where series go, what was decided of each series, and what is on its way.

A decision, and the deliveries that follow from it, are written in one transaction. What is on its way is
grouped in lanes, one for each study and destination: a lane is emptied in order by one sender at a time,
and knows when it may be tried again. Rows that are done cost nothing: every index a sender uses holds open
rows only.
"""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Site
from integrations.dicom.models import ApplicationEntity


class RoutingTable(models.Model):
    """The routing table of a site; the one of no site is for every site without its own."""

    key = models.SlugField(max_length=64, unique=True)
    name = models.CharField(max_length=120)
    site = models.ForeignKey(Site, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["site"], name="routing_table_of_site", nulls_distinct=False)
        ]

    def __str__(self) -> str:
        return self.key


class RoutingTableVersion(models.Model):
    """One state of a table, as DMN. A published version never changes; at most one is in force."""

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        PUBLISHED = "published", _("In force")
        RETIRED = "retired", _("Retired")

    table = models.ForeignKey(RoutingTable, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    xml = models.TextField()
    state = models.CharField(max_length=9, choices=State.choices, default=State.DRAFT)
    note = models.CharField(max_length=200, blank=True)
    saved_by = models.CharField(max_length=150)
    saved_at = models.DateTimeField()
    published_by = models.CharField(max_length=150, blank=True)
    published_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["table", "number"], name="table_version_once"),
            models.UniqueConstraint(
                fields=["table"], name="table_version_in_force", condition=models.Q(state="published")
            ),
        ]


class Destination(models.Model):
    """Where objects can be sent. `configuration` holds no secret: those are named there and come from the environment.

    Destinations of one `group` are equal: what is routed to the group goes to the one with the least to do.
    A destination that fails is left alone until `blocked_until`, and then tried by one sender.
    """

    class Kind(models.TextChoices):
        DIMSE = "dimse", _("DICOM node (C-STORE)")
        STOW_RS = "stow_rs", _("DICOMweb server (STOW-RS)")
        FOLDER = "folder", _("Folder")
        S3 = "s3", _("S3 bucket")
        TIER = "tier", _("Tier of nodes")

    key = models.SlugField(max_length=64, unique=True)
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=8, choices=Kind.choices)
    site = models.ForeignKey(Site, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    node = models.ForeignKey(
        ApplicationEntity, null=True, blank=True, on_delete=models.PROTECT, related_name="destinations"
    )
    group = models.SlugField(max_length=64, blank=True)
    configuration = models.JSONField(default=dict, blank=True)
    is_enabled = models.BooleanField(default=True)
    maximum_senders = models.PositiveSmallIntegerField(default=2)
    failures = models.PositiveIntegerField(default=0)
    blocked_until = models.DateTimeField(null=True)
    last_error_code = models.CharField(max_length=80, blank=True)
    last_sent_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["node"], name="destination_of_node", condition=models.Q(node__isnull=False)
            )
        ]
        indexes = [
            models.Index(fields=["group"], name="destination_group", condition=~models.Q(group="")),
        ]

    def __str__(self) -> str:
        return self.key


class RecordedFacts(models.Model):
    """What was known of a series when it was routed, for explaining and for trying another table.

    UIDs, codes and descriptions as in the headers; nothing of the patient.
    """

    series_instance_uid = models.CharField(max_length=64)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+", db_index=False)
    facts = models.JSONField()
    recorded_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["site", "recorded_at"], name="facts_site"),
            models.Index(fields=["recorded_at"], name="facts_recorded"),
        ]


class RoutingDecision(models.Model):
    """What a table said of a series, and what came of it.

    `matched` holds the rows that matched with the values they matched on; `actions` what was done for each;
    `problems` what could not be done, with its code. Without a version no table was in force.
    """

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    series_instance_uid = models.CharField(max_length=64)
    study_instance_uid = models.CharField(max_length=64)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+", db_index=False)
    version = models.ForeignKey(
        RoutingTableVersion, null=True, on_delete=models.PROTECT, related_name="decisions", db_index=False
    )
    facts = models.ForeignKey(RecordedFacts, null=True, on_delete=models.SET_NULL, related_name="+")
    event = models.CharField(max_length=80)
    matched = models.JSONField(default=list)
    actions = models.JSONField(default=list)
    problems = models.JSONField(default=list)
    decided_at = models.DateTimeField()
    trace_id = models.UUIDField()

    class Meta:
        indexes = [
            models.Index(fields=["series_instance_uid", "-decided_at"], name="decision_series"),
            models.Index(fields=["study_instance_uid"], name="decision_study"),
            models.Index(fields=["site", "-decided_at"], name="decision_site"),
            models.Index(fields=["decided_at"], name="decision_problems", condition=~models.Q(problems=[])),
        ]


class Lane(models.Model):
    """What of one study goes to one destination, in order; one sender at a time holds it by a lease.

    `next_at` is set while something is open: from then on a sender may take the lane. Lanes of a more urgent
    study are taken first. `left_at` tells since when the study goes to another member of the group, because
    this one was dead.
    """

    class Urgency(models.IntegerChoices):
        """Requested Procedure Priority (0040,1003), as far as routing tells them apart."""

        ROUTINE = 0
        HIGH = 1
        STAT = 2

    destination = models.ForeignKey(
        Destination, on_delete=models.PROTECT, related_name="lanes", db_index=False
    )
    study_instance_uid = models.CharField(max_length=64)
    urgency = models.PositiveSmallIntegerField(choices=Urgency.choices, default=Urgency.ROUTINE, db_default=0)
    next_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    lease = models.UUIDField(null=True)
    failures = models.PositiveIntegerField(default=0)
    last_error_code = models.CharField(max_length=80, blank=True)
    left_at = models.DateTimeField(null=True)
    trace_id = models.UUIDField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["destination", "study_instance_uid"], name="lane_once")
        ]
        indexes = [
            models.Index(
                fields=["destination", "-urgency", "next_at"],
                name="lane_urgent",
                condition=~models.Q(next_at=None),
            ),
            models.Index(
                fields=["destination", "next_at"], name="lane_open", condition=~models.Q(next_at=None)
            ),
            models.Index(
                fields=["destination", "lease_until"], name="lane_held", condition=~models.Q(lease_until=None)
            ),
        ]


class Delivery(models.Model):
    """One object on its way to one destination. There is one for each pair, however often it is routed.

    The order of keys is the order of sending. `transforms` says what is done to the object on its way. `sent_as` is
    the SOP Instance UID the receiver knows it by, where that is another one. `sent_before_at` tells since when the
    receiver holds an object that is on its way to it again because its study was corrected. `group` is the group
    it was routed to, if it was: one member of it gets the object, and another may, should that one be dead.
    `unanswered_at` tells since when the receiver may have the object or not: it was on its way when the
    connection broke.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        SENDING = "sending", _("Being sent")
        SENT = "sent", _("Sent")
        FAILED = "failed", _("Will be tried again")
        DEAD = "dead", _("Given up")
        CANCELLED = "cancelled", _("Withdrawn before it was sent")

    destination = models.ForeignKey(
        Destination, on_delete=models.PROTECT, related_name="deliveries", db_index=False
    )
    lane = models.ForeignKey(Lane, on_delete=models.PROTECT, related_name="deliveries", db_index=False)
    sop_instance_uid = models.CharField(max_length=64)
    series_instance_uid = models.CharField(max_length=64)
    decision = models.ForeignKey(
        RoutingDecision, null=True, on_delete=models.SET_NULL, related_name="deliveries", db_index=False
    )
    group = models.CharField(max_length=64, blank=True, default="", db_default="")
    transforms = models.JSONField(default=list)
    state = models.CharField(max_length=9, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveIntegerField(default=0)
    error_code = models.CharField(max_length=80, blank=True)
    sent_as = models.CharField(max_length=64, blank=True)
    queued_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    sent_before_at = models.DateTimeField(null=True)
    unanswered_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["destination", "sop_instance_uid"], name="routed_once"),
            models.UniqueConstraint(
                fields=["group", "sop_instance_uid"],
                name="routed_to_group_once",
                condition=~models.Q(group="") & ~models.Q(state="cancelled"),
            ),
        ]
        indexes = [
            models.Index(
                fields=["lane", "id"],
                name="routed_open",
                condition=models.Q(state__in=["waiting", "sending", "failed"]),
            ),
            models.Index(
                fields=["destination", "queued_at"],
                name="routed_waiting",
                condition=models.Q(state__in=["waiting", "sending", "failed"]),
            ),
            models.Index(fields=["ended_at"], name="routed_dead", condition=models.Q(state="dead")),
            models.Index(fields=["series_instance_uid"], name="routed_series"),
        ]
