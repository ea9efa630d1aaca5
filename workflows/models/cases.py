"""Running processes: what they are about, what happened in them, what stands still."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Person, Site
from workflows.models.definitions import ProcessDefinition


class ProcessInstance(models.Model):
    """A running process. Its row lock is the right to change it: one writer per instance.

    `state` is the engine's own serialisation as compressed bytes, in its own key order. `call` is the step of
    the process that called this one. While `suspended_at` is set it takes no step.
    """

    class Status(models.TextChoices):
        RUNNING = "running", _("Running")
        COMPLETED = "completed", _("Completed")
        CANCELLED = "cancelled", _("Cancelled")
        FAILED = "failed", _("Failed")

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    definition = models.ForeignKey(
        ProcessDefinition, on_delete=models.PROTECT, related_name="instances", db_index=False
    )
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="processes", db_index=False)
    start_key = models.CharField(max_length=120, unique=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.RUNNING)
    outcome = models.CharField(max_length=80, blank=True)
    priority = models.CharField(max_length=8, default="ROUTINE")
    state = models.BinaryField()
    revision = models.PositiveIntegerField(default=0)
    started_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    suspended_at = models.DateTimeField(null=True)
    trace_id = models.UUIDField()
    call = models.ForeignKey(
        "ServiceTaskRun", null=True, on_delete=models.CASCADE, related_name="called", db_index=False
    )

    class Meta:
        indexes = [
            models.Index(fields=["site", "status", "-started_at"], name="instance_site"),
            models.Index(fields=["trace_id"], name="instance_trace"),
            models.Index(fields=["definition", "status"], name="instance_definition"),
            models.Index(
                fields=["call", "status"], name="instance_call", condition=models.Q(call__isnull=False)
            ),
        ]


class ProcessSubject(models.Model):
    """What a process is about: an order, a patient, a study, a report. Messages find instances by it."""

    instance = models.ForeignKey(
        ProcessInstance, on_delete=models.CASCADE, related_name="subjects", db_index=False
    )
    kind = models.CharField(max_length=20)
    uid = models.CharField(max_length=80)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["instance", "kind", "uid"], name="subject_once")]
        indexes = [models.Index(fields=["kind", "uid"], name="subject_lookup")]


class ProcessEvent(models.Model):
    """One line of an instance's history: what happened at which element, and through whom.

    Lines are only ever added, by a step that holds their instance locked for somebody who is signed in, and neither
    is ever deleted: the database need not look both up again for every line.
    """

    instance = models.ForeignKey(
        ProcessInstance, on_delete=models.CASCADE, related_name="events", db_index=False, db_constraint=False
    )
    at = models.DateTimeField()
    kind = models.CharField(max_length=40)
    element_id = models.CharField(max_length=120, blank=True)
    name = models.CharField(max_length=120, blank=True)
    actor = models.CharField(max_length=150, blank=True)
    person = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    detail = models.JSONField(default=dict)

    class Meta:
        indexes = [models.Index(fields=["instance", "id"], name="process_event_instance")]


class Incident(models.Model):
    """Something that stands still and needs a person: a failed step, a lost lease, a message nobody takes.

    `sentence` says what `message` says, to be read in any language; null where that is a name, or another's words.
    """

    instance = models.ForeignKey(ProcessInstance, on_delete=models.CASCADE, related_name="incidents")
    element_id = models.CharField(max_length=120, blank=True)
    code = models.CharField(max_length=80)
    message = models.CharField(max_length=200)
    sentence = models.JSONField(null=True)
    task_uid = models.UUIDField(null=True)
    opened_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["opened_at"],
                name="incident_open",
                condition=models.Q(resolved_at=None),
            )
        ]
