"""What was taken out of the archive's view, why and by whom, and how it is put back.

A withdrawn instance has no row among the instances, so no reader can come upon it.
"""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Person
from archive.storage.models import SegmentKey
from archive.studies.corrections.reasons import ReasonCode


class Correction(models.Model):
    """One change of what the archive holds of a study: who made it, why, and what undoing it needs.

    `detail` holds UIDs, counts and codes: what was so before, and what became of it. One that is planned and not
    yet performed is being made.
    """

    class Kind(models.TextChoices):
        REJECT = "reject", _("Rejected")
        REASSIGN = "reassign", _("Reassigned")
        SPLIT = "split", _("Split")
        MERGE = "merge", _("Merged")

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    study = models.ForeignKey(
        "studies.Study", null=True, on_delete=models.SET_NULL, related_name="corrections"
    )
    study_instance_uid = models.CharField(max_length=64)
    reason = models.CharField(max_length=12, choices=ReasonCode.choices, blank=True)
    comment = models.CharField(max_length=400, blank=True)
    instance_count = models.PositiveIntegerField(default=0)
    detail = models.JSONField(default=dict)
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=150)
    person = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    performed_at = models.DateTimeField(null=True)
    undone_at = models.DateTimeField(null=True)
    undone_by = models.CharField(max_length=150, blank=True)
    trace_id = models.UUIDField()

    class Meta:
        indexes = [
            models.Index(fields=["study_instance_uid", "-made_at"], name="correction_study"),
            models.Index(
                fields=["made_at"],
                name="correction_planned",
                condition=models.Q(performed_at__isnull=True, undone_at__isnull=True),
            ),
        ]


class WithdrawnInstance(models.Model):
    """An instance that was rejected, has expired or was deleted.

    `row` is its row among the instances as it was. `purged_at` tells since when the bytes are gone: nothing is
    left then but the memory that the instance was here.
    """

    sop_instance_uid = models.CharField(max_length=64, unique=True)
    sop_class_uid = models.CharField(max_length=64)
    series = models.ForeignKey(
        "studies.Series", null=True, on_delete=models.SET_NULL, related_name="withdrawn_instances"
    )
    study_instance_uid = models.CharField(max_length=64)
    series_instance_uid = models.CharField(max_length=64)
    storage_key = models.CharField(max_length=200)
    size_bytes = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    reason = models.CharField(max_length=12, choices=ReasonCode.choices)
    correction = models.ForeignKey(Correction, on_delete=models.PROTECT, related_name="withdrawn")
    withdrawn_at = models.DateTimeField()
    purged_at = models.DateTimeField(null=True)
    row = models.JSONField(default=dict)

    class Meta:
        indexes = [
            models.Index(fields=["study_instance_uid"], name="withdrawn_study"),
            models.Index(SegmentKey("storage_key"), name="withdrawn_segment"),
            models.Index(
                fields=["reason", "withdrawn_at"],
                name="withdrawn_unpurged",
                condition=models.Q(purged_at__isnull=True),
            ),
        ]
