"""Reports: what was found in a study, by whom, and since when it is final."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Person
from archive.studies.models import Study


class Report(models.Model):
    """A diagnostic report. A final one never changes; an amendment is a new version that supersedes it."""

    class Status(models.TextChoices):
        PRELIMINARY = "preliminary", _("Preliminary")
        FINAL = "final", _("Final")
        AMENDED = "amended", _("Amended")

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="reports")
    status = models.CharField(max_length=12, choices=Status.choices)
    version = models.PositiveIntegerField(default=1)
    supersedes = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="+")
    cause = models.CharField(max_length=80, blank=True)
    findings = models.TextField()
    impression = models.TextField()
    recommendation = models.TextField(blank=True)
    is_critical = models.BooleanField(default=False)
    author = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="reports")
    signed_at = models.DateTimeField(null=True)
    digest = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField()
    trace_id = models.UUIDField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["study", "cause", "version"], name="report_version_once")
        ]
        indexes = [models.Index(fields=["study", "-created_at"], name="report_study")]
