"""What cases wait for beside people and machines: time and news; and news on its way to them."""

from __future__ import annotations

from django.db import models

from workflows.models.cases import ProcessInstance
from workflows.models.definitions import ProcessDefinition


class Timer(models.Model):
    """A timer event that waits: due at a moment, fired or cancelled once."""

    class Status(models.TextChoices):
        WAITING = "waiting"
        FIRED = "fired"
        CANCELLED = "cancelled"

    uid = models.UUIDField(primary_key=True)
    instance = models.ForeignKey(
        ProcessInstance, on_delete=models.CASCADE, related_name="timers", db_index=False
    )
    element_id = models.CharField(max_length=120)
    name = models.CharField(max_length=120, blank=True)
    due_at = models.DateTimeField()
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.WAITING)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["due_at"], name="timer_due", condition=models.Q(status="waiting")),
            models.Index(fields=["instance", "status"], name="timer_instance"),
        ]


class MessageSubscription(models.Model):
    """A place in an instance that waits for a message, a signal or a condition, as `kind` tells.

    A message with a correlation key is found by name and key, one without by name and the instance's subjects.
    """

    class Kind(models.TextChoices):
        MESSAGE = "message"
        SIGNAL = "signal"
        CONDITION = "conditional"

    uid = models.UUIDField(primary_key=True)
    instance = models.ForeignKey(ProcessInstance, on_delete=models.CASCADE, related_name="subscriptions")
    element_id = models.CharField(max_length=120)
    kind = models.CharField(max_length=12, choices=Kind.choices, default=Kind.MESSAGE)
    message = models.CharField(max_length=80)
    key = models.CharField(max_length=200, blank=True, default="")
    since = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["message", "key"], name="subscription_key")]


class ThrownMessage(models.Model):
    """A message with a correlation key, from its throw until somebody takes it.

    `uid` is that of the news it was published with; `instance` threw it, unless it came from outside.
    """

    uid = models.UUIDField(primary_key=True)
    name = models.CharField(max_length=80)
    key = models.CharField(max_length=200)
    payload = models.JSONField()
    subjects = models.JSONField(default=dict)
    site_code = models.CharField(max_length=32, blank=True)
    instance = models.ForeignKey(
        ProcessInstance, null=True, on_delete=models.CASCADE, related_name="thrown_messages"
    )
    element_id = models.CharField(max_length=120, blank=True)
    thrown_at = models.DateTimeField()
    next_offer_at = models.DateTimeField(null=True)
    taken_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["name", "key"], name="thrown_key", condition=models.Q(taken_at=None)),
            models.Index(fields=["next_offer_at"], name="thrown_due", condition=models.Q(taken_at=None)),
        ]


class StartTimer(models.Model):
    """When the clock begins an active version next; `left` is how often still, -1 for no end."""

    definition = models.ForeignKey(ProcessDefinition, on_delete=models.CASCADE, related_name="start_timers")
    element_id = models.CharField(max_length=120)
    schedule = models.CharField(max_length=120)
    due_at = models.DateTimeField(db_index=True)
    left = models.IntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["definition", "element_id"], name="start_timer_once")]


class ReceivedMessage(models.Model):
    """A message taken in by an instance, kept so that a second delivery has no effect, and so that news
    that came before anyone waited for it is not lost."""

    instance = models.ForeignKey(
        ProcessInstance, on_delete=models.CASCADE, related_name="received_messages", db_index=False
    )
    event_uid = models.UUIDField()
    message = models.CharField(max_length=80)
    payload = models.JSONField()
    received_at = models.DateTimeField()
    consumed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["instance", "event_uid"], name="message_once")]


class HeldInput(models.Model):
    """What came for a case while it was suspended, to be applied in the order of its keys when the case goes on.

    `about` is the UID of the news, or of the machine's step that was answered.
    """

    class Kind(models.TextChoices):
        MESSAGE = "message"
        SIGNAL = "signal"
        ANSWER = "answer"
        FAILURE = "failure"
        ESCALATION = "escalation"

    instance = models.ForeignKey(
        ProcessInstance, on_delete=models.CASCADE, related_name="held_inputs", db_index=False
    )  # begins the constraint's index
    kind = models.CharField(max_length=10, choices=Kind.choices)
    about = models.UUIDField()
    payload = models.JSONField()
    held_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["instance", "kind", "about"], name="held_once")]
