"""Orders and the scheduled procedure steps a modality reads as its worklist."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Site
from archive.mpi.models import Patient


class Order(models.Model):
    """An imaging service request and its requested procedure (IHE RAD Order Filler)."""

    class Priority(models.TextChoices):
        STAT = "STAT", _("STAT")
        URGENT = "URGENT", _("Urgent")
        ROUTINE = "ROUTINE", _("Routine")

    class Status(models.TextChoices):
        SCHEDULED = "scheduled", _("Scheduled")
        IN_PROGRESS = "in_progress", _("In progress")
        PERFORMED = "performed", _("Performed")
        DISCONTINUED = "discontinued", _("Discontinued")
        REPORTED = "reported", _("Reported")
        CANCELLED = "cancelled", _("Cancelled")

    class Service(models.TextChoices):
        IMAGING = "imaging", _("Imaging")
        REMOTE_CONSULTATION = "remote_consultation", _("Remote consultation")

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="orders")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="orders")
    placer_order_number = models.CharField(max_length=64)
    filler_order_number = models.CharField(max_length=64, blank=True)
    accession_number = models.CharField(max_length=16)
    study_instance_uid = models.CharField(max_length=64, unique=True)
    requested_procedure_id = models.CharField(max_length=16)
    procedure_code = models.CharField(max_length=32)
    procedure_description = models.CharField(max_length=120, blank=True)
    reason = models.TextField(blank=True)
    service = models.CharField(max_length=24, choices=Service.choices, default=Service.IMAGING)
    priority = models.CharField(max_length=8, choices=Priority.choices, default=Priority.ROUTINE)
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.SCHEDULED)
    referring_physician = models.CharField(max_length=120, blank=True)
    ordered_at = models.DateTimeField()
    received_at = models.DateTimeField()
    trace_id = models.UUIDField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["site", "placer_order_number"], name="order_once"),
            models.UniqueConstraint(fields=["site", "accession_number"], name="accession_once"),
        ]
        indexes = [
            models.Index(fields=["patient", "-ordered_at"], name="order_patient"),
            models.Index(fields=["trace_id"], name="order_trace"),
        ]


class ScheduledProcedureStep(models.Model):
    """One entry of the modality worklist (PS3.3 §C.4.10)."""

    class Status(models.TextChoices):
        SCHEDULED = "SCHEDULED"
        STARTED = "STARTED"
        COMPLETED = "COMPLETED"
        DISCONTINUED = "DISCONTINUED"
        CANCELLED = "CANCELLED"

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="steps")
    scheduled_procedure_step_id = models.CharField(max_length=16)
    description = models.CharField(max_length=120, blank=True)
    modality = models.CharField(max_length=16)
    station_ae_title = models.CharField(max_length=16, blank=True)
    scheduled_at = models.DateTimeField()
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.SCHEDULED)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["order", "scheduled_procedure_step_id"], name="step_once")
        ]
        indexes = [
            models.Index(
                fields=["modality", "scheduled_at"],
                name="step_worklist",
                condition=models.Q(status="SCHEDULED"),
            )
        ]


class PerformedProcedureStep(models.Model):
    """What a modality says it did (PS3.3 §C.4.14), scheduled here or not.

    `steps` are the scheduled steps it names that are known here. `series` lists the series it made, each with
    the UIDs of its instances; `attributes` is everything it said, as DICOM JSON.
    """

    class Status(models.TextChoices):
        IN_PROGRESS = "IN PROGRESS", _("In progress")
        COMPLETED = "COMPLETED", _("Completed")
        DISCONTINUED = "DISCONTINUED", _("Discontinued")

    sop_instance_uid = models.CharField(max_length=64, unique=True)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="performed_steps")
    order = models.ForeignKey(Order, null=True, on_delete=models.PROTECT, related_name="performed_steps")
    steps = models.ManyToManyField(ScheduledProcedureStep, related_name="performed_steps")
    study_instance_uid = models.CharField(max_length=64)
    performed_procedure_step_id = models.CharField(max_length=16)
    station_ae_title = models.CharField(max_length=16)
    said_by = models.CharField(max_length=16)
    modality = models.CharField(max_length=16)
    status = models.CharField(max_length=12, choices=Status.choices)
    match_reason = models.CharField(max_length=120)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    discontinuation_code = models.CharField(max_length=16, blank=True)
    series = models.JSONField(default=list)
    attributes = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    trace_id = models.UUIDField()

    class Meta:
        indexes = [
            models.Index(fields=["study_instance_uid"], name="performed_study"),
            models.Index(fields=["site", "-created_at"], name="performed_recent"),
        ]
