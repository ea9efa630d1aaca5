"""Jobs: one instantiation of a template for one series; and the devices jobs may run on."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _


class Job(models.Model):
    """One run of a template. The row is the truth; a queued message is only a nudge.

    While a worker is at it, it renews `lease_until`; a lease that ran out means the worker is gone, and the
    job is queued again. The lease also holds `memory_bytes` of `device`. `fingerprint` names template,
    version, parameters and the input's bytes: an equal request is answered with the results there are.
    """

    class Status(models.TextChoices):
        QUEUED = "queued", _("Queued")
        RUNNING = "running", _("Running")
        COMPLETED = "completed", _("Completed")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Cancelled")

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    template_key = models.CharField(max_length=80)
    template_version = models.CharField(max_length=20)
    study_instance_uid = models.CharField(max_length=64)
    series_instance_uid = models.CharField(max_length=64)
    parameters = models.JSONField(default=dict)
    fingerprint = models.CharField(max_length=64)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.QUEUED)
    progress_percent = models.PositiveSmallIntegerField(default=0)
    step = models.CharField(max_length=40, blank=True)
    queue = models.CharField(max_length=20)
    placement_reason = models.CharField(max_length=200, blank=True)
    memory_bytes = models.BigIntegerField(default=0)
    device = models.CharField(max_length=120, blank=True)
    worker = models.CharField(max_length=120, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    nudge_at = models.DateTimeField(null=True)
    run_uid = models.UUIDField(null=True, unique=True)
    case_uid = models.UUIDField(null=True)
    reused_job = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="+")
    result_series_uid = models.CharField(max_length=64, blank=True)
    result_count = models.PositiveIntegerField(default=0)
    error_code = models.CharField(max_length=80, blank=True)
    submitted_by = models.CharField(max_length=150)
    site_code = models.CharField(max_length=32, blank=True)
    trace_id = models.UUIDField()
    submitted_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["nudge_at"], name="job_queued", condition=models.Q(status="queued")),
            models.Index(fields=["lease_until"], name="job_lease", condition=models.Q(status="running")),
            models.Index(fields=["fingerprint", "status"], name="job_fingerprint"),
            models.Index(fields=["study_instance_uid", "-submitted_at"], name="job_study"),
            models.Index(fields=["case_uid"], name="job_case"),
            models.Index(fields=["trace_id"], name="job_trace"),
        ]

    @property
    def step_label(self) -> str:
        """The step as people read it; a word a template made up itself stands as it is."""
        labels = {
            "starting": _("Starting"),
            "reading": _("Reading images"),
            "projecting": _("Making projections"),
            "reformatting": _("Making reformations"),
            "storing": _("Storing results"),
        }
        return str(labels.get(self.step, self.step))

    @property
    def is_final(self) -> bool:
        return self.status in (self.Status.COMPLETED, self.Status.FAILED, self.Status.CANCELLED)


class ComputeDevice(models.Model):
    """A processor some worker offers, as that worker last said."""

    class Kind(models.TextChoices):
        CPU = "cpu", _("Processor")
        GPU = "gpu", _("Graphics processor")

    name = models.CharField(max_length=120, unique=True)
    machine = models.CharField(max_length=80)
    kind = models.CharField(max_length=4, choices=Kind.choices)
    queue = models.CharField(max_length=20)
    description = models.CharField(max_length=120, blank=True)
    memory_bytes = models.BigIntegerField()
    cores = models.PositiveIntegerField(default=0)
    seen_at = models.DateTimeField()
