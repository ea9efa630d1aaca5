"""Steps that machines do."""

from __future__ import annotations

from django.db import models

from workflows.models.cases import ProcessInstance


class ServiceTaskRun(models.Model):
    """A step a machine does. The row is the truth, a queued message only a nudge.

    `lease_until` is renewed while a worker is at it; a lease that ran out means the worker is gone, and
    the step is queued again. `pending_reference` names what a step that outlives its worker waits for.

    A step with a `topic` is done by a worker elsewhere: it is pending from the start, and `worker` is who has
    locked it, until `lease_until` or until another takes it.
    """

    class Status(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        PENDING = "pending"
        COMPLETED = "completed"
        FAILED = "failed"
        CANCELLED = "cancelled"

    uid = models.UUIDField(primary_key=True)
    instance = models.ForeignKey(
        ProcessInstance, on_delete=models.CASCADE, related_name="service_task_runs", db_index=False
    )
    element_id = models.CharField(max_length=120)
    name = models.CharField(max_length=120)
    operator = models.CharField(max_length=80)
    arguments = models.JSONField(default=dict)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.QUEUED)
    attempts = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    pending_reference = models.CharField(max_length=80, blank=True)
    topic = models.CharField(max_length=80, blank=True)
    worker = models.CharField(max_length=80, blank=True)
    result = models.JSONField(null=True)
    error_code = models.CharField(max_length=80, blank=True)
    queued_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["next_attempt_at"],
                name="service_task_due",
                condition=models.Q(status="queued"),
            ),
            models.Index(
                fields=["lease_until"],
                name="service_task_lease",
                condition=models.Q(status="running"),
            ),
            models.Index(fields=["instance", "status"], name="service_task_instance"),
            models.Index(
                fields=["pending_reference"],
                name="service_task_pending",
                condition=models.Q(status="pending"),
            ),
            models.Index(
                fields=["topic", "queued_at"],
                name="service_task_topic",
                condition=models.Q(status="pending") & ~models.Q(topic=""),
            ),
        ]
