"""Workitems (Unified Procedure Steps), who is subscribed to them, and the reports on their way to subscribers.

Reference  PS3.3 §B.26 (Unified Procedure Step IOD), PS3.4 §CC.1.1 (states), §CC.2.3 (subscriptions)
"""

from __future__ import annotations

from django.db import models

from accounts.models import Person, Site


class Workitem(models.Model):
    """One step to be done, on the worklist of a site.

    `attributes` is the whole data set as DICOM JSON but for the Transaction UID, which is the key of whoever
    performs the step and is told to nobody. The columns of times repeat attributes for searching; indexes Django
    has no words for (migrations' SQL) serve the patient's identifier and name, and the requests it answers. Of a
    workitem that was removed only its identity stays, so that nobody takes it for one that never was.
    """

    class State(models.TextChoices):
        SCHEDULED = "SCHEDULED"
        IN_PROGRESS = "IN PROGRESS"
        CANCELED = "CANCELED"
        COMPLETED = "COMPLETED"

    sop_instance_uid = models.CharField(max_length=64, unique=True)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="workitems", db_index=False)
    state = models.CharField(max_length=12, choices=State.choices, default=State.SCHEDULED)
    transaction_uid = models.CharField(max_length=64, blank=True)
    study_instance_uid = models.CharField(max_length=64, blank=True)
    attributes = models.JSONField(default=dict)
    starts_at = models.DateTimeField()
    expected_completion_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    modified_at = models.DateTimeField()
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    removed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["site", "state", "starts_at"], name="workitem_worklist"),
            models.Index(fields=["study_instance_uid"], name="workitem_study"),
            models.Index(
                fields=["ended_at"],
                name="workitem_over",
                condition=models.Q(removed_at=None, ended_at__isnull=False),
            ),
        ]

    @property
    def is_final(self) -> bool:
        return self.state in {self.State.COMPLETED, self.State.CANCELED}


class Subscriber(models.Model):
    """An Application Entity that is told of changes, by the name one person's programs use for it.

    Whoever writes a report for a subscriber holds its row, so that the keys of its reports follow the order of
    their commits. `told_up_to` is the last report that went out on an open channel.
    """

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    ae_title = models.CharField(max_length=16)
    told_up_to = models.BigIntegerField(default=0)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "ae_title"], name="subscriber_once")]


class WorklistSubscription(models.Model):
    """A subscriber is to be subscribed to every workitem, or to those a filter matches, as they are created.

    `filter` holds the matching keys (PS3.18 §11.10.1.2), as they were understood.
    """

    class Kind(models.TextChoices):
        WORKLIST = "worklist"
        FILTERED = "filtered"

    subscriber = models.ForeignKey(
        Subscriber, on_delete=models.CASCADE, related_name="worklists", db_index=False
    )
    kind = models.CharField(max_length=8, choices=Kind.choices)
    filter = models.JSONField(default=list)
    has_deletion_lock = models.BooleanField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["subscriber", "kind"], name="worklist_subscription_once")
        ]


class WorkitemSubscription(models.Model):
    """A subscriber is told of a workitem; with a lock, the workitem stays until the lock is taken away.

    `cause` is the kind of worklist subscription that made it, or empty.
    """

    subscriber = models.ForeignKey(
        Subscriber, on_delete=models.CASCADE, related_name="workitems", db_index=False
    )
    workitem = models.ForeignKey(Workitem, on_delete=models.CASCADE, related_name="subscriptions")
    has_deletion_lock = models.BooleanField()
    cause = models.CharField(max_length=8, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["subscriber", "workitem"], name="workitem_subscription_once")
        ]


class EventReport(models.Model):
    """What one subscriber is to be told. `attributes` are those of its event type, as DICOM JSON.

    Reference  PS3.4 Table CC.2.4-1
    """

    class Type(models.IntegerChoices):
        STATE = 1
        CANCEL_REQUESTED = 2
        PROGRESS = 3
        ASSIGNED = 5

    subscriber = models.ForeignKey(
        Subscriber, on_delete=models.CASCADE, related_name="reports", db_index=False
    )
    workitem = models.ForeignKey(Workitem, on_delete=models.CASCADE, related_name="+")
    event_type = models.PositiveSmallIntegerField(choices=Type.choices)
    attributes = models.JSONField()
    created_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["subscriber", "id"], name="report_of_subscriber"),
            models.Index(fields=["created_at"], name="report_age"),
        ]
