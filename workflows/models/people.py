"""What people do in a case: tasks with their candidates and drafts, the conversation, files."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import TypedDict

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Person, Role, Site
from workflows.models.cases import ProcessInstance

NO_DUE_DATE = dt.datetime(9999, 12, 31, tzinfo=dt.UTC)
RANKS = {"STAT": 0, "URGENT": 1}  # every other priority is routine, rank 2
ROUTINE_RANK = 2
LIST_ORDER = ("rank", "due_by", "offered_at", "uid")


class ListOrder(TypedDict):
    """What lists are ordered by first, as columns."""

    rank: int
    due_by: dt.datetime


def list_order(priority: str, due_at: dt.datetime | None) -> ListOrder:
    """Where a task stands in lists.

    A generated column would say it, too: at the price of its expression being read anew in every statement.
    """
    return {"rank": RANKS.get(priority, ROUTINE_RANK), "due_by": due_at or NO_DUE_DATE}


class UserTask(models.Model):
    """A step that waits for a person: offered to a role at a site, to candidates, or assigned to one person.

    `is_personal` tells that the diagram named the assignee, who may then decline but not put it back. With
    `has_candidates` the step is offered to those its rows of `TaskCandidate` name, instead of to its role.
    A colleague to whom it was delegated is its assignee, and `owner` the one who answers for it. Lists are in
    the order of `rank`, `due_by`, `offered_at` and `uid`; the first two are written with the task (`list_order`).

    People are switched off and sites stay, neither is ever deleted: so the database need not look them up for every
    task, and write its lock into the one row of a site or a person that all their tasks refer to.

    Reference  BPMN 2.0.2 §10.3.3.2 (potential owners), WS-HumanTask 1.1 §4.7 (delegation)
    """

    class Status(models.TextChoices):
        READY = "ready", _("Waiting")
        CLAIMED = "claimed", _("In work")
        COMPLETED = "completed", _("Done")
        CANCELLED = "cancelled", _("Withdrawn")

    class Delegation(models.TextChoices):
        PENDING = "pending", _("With a colleague")
        RESOLVED = "resolved", _("Handed back")

    uid = models.UUIDField(primary_key=True)
    instance = models.ForeignKey(
        ProcessInstance, on_delete=models.CASCADE, related_name="user_tasks", db_index=False
    )
    element_id = models.CharField(max_length=120)
    name = models.CharField(max_length=120)
    form = models.CharField(max_length=120)
    role = models.CharField(max_length=20, choices=Role.choices)
    site = models.ForeignKey(
        Site, on_delete=models.PROTECT, related_name="user_tasks", db_index=False, db_constraint=False
    )
    assignee = models.ForeignKey(
        Person,
        null=True,
        on_delete=models.PROTECT,
        related_name="user_tasks",
        db_index=False,
        db_constraint=False,
    )
    lane = models.CharField(max_length=120, blank=True)
    is_personal = models.BooleanField(default=False)
    has_candidates = models.BooleanField(default=False)
    owner = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    delegation = models.CharField(max_length=8, choices=Delegation.choices, blank=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.READY)
    priority = models.CharField(max_length=8, default="ROUTINE")
    rank = models.SmallIntegerField(default=ROUTINE_RANK)
    offered_at = models.DateTimeField()
    due_by = models.DateTimeField(default=NO_DUE_DATE)
    claimed_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    completed_by = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    outcome = models.CharField(max_length=40, blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["assignee", *LIST_ORDER],
                name="task_mine",
                condition=models.Q(status__in=["ready", "claimed"]),
            ),
            models.Index(
                fields=["site", "role", *LIST_ORDER],
                name="task_role",
                condition=models.Q(status__in=["ready", "claimed"]),
            ),
            models.Index(
                fields=["site", "role", *LIST_ORDER],
                name="task_free",
                condition=models.Q(status="ready", assignee=None, has_candidates=False),
            ),
            models.Index(fields=["instance", "status"], name="task_instance"),
            models.Index(
                fields=["assignee"], name="task_assignee", condition=models.Q(assignee__isnull=False)
            ),
            models.Index(fields=["owner"], name="task_owner", condition=models.Q(owner__isnull=False)),
            models.Index(
                fields=["completed_by"], name="task_finisher", condition=models.Q(completed_by__isnull=False)
            ),
        ]


class TaskCandidate(models.Model):
    """Somebody a step is offered to because the diagram says so: one person, or a role at a site.

    It repeats what lists are ordered by, so that each candidate's part of an inbox is read from one index.
    """

    task = models.ForeignKey(UserTask, on_delete=models.CASCADE, related_name="candidates")
    person = models.ForeignKey(Person, null=True, on_delete=models.CASCADE, related_name="+", db_index=False)
    site = models.ForeignKey(Site, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    role = models.CharField(max_length=20, choices=Role.choices, blank=True)
    is_free = models.BooleanField(default=True)
    rank = models.SmallIntegerField()
    due_by = models.DateTimeField()
    offered_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="candidate_person_or_role",
                condition=models.Q(person__isnull=False, site__isnull=True, role="")
                | (models.Q(person__isnull=True, site__isnull=False) & ~models.Q(role="")),
            )
        ]
        indexes = [
            models.Index(
                fields=["person", "rank", "due_by", "offered_at", "task"],
                name="candidate_person",
                condition=models.Q(is_free=True, person__isnull=False),
            ),
            models.Index(
                fields=["site", "role", "rank", "due_by", "offered_at", "task"],
                name="candidate_role",
                condition=models.Q(is_free=True, person=None),
            ),
        ]


class FormDraft(models.Model):
    """What a person has typed into a task's form so far. `revision` shows a second window its loss."""

    task = models.ForeignKey(UserTask, on_delete=models.CASCADE, related_name="drafts")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    data = models.JSONField(default=dict)
    revision = models.PositiveIntegerField(default=1)
    saved_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["task", "person"], name="draft_once")]


class CaseComment(models.Model):
    """What somebody wrote to the others in a case. It is read in the case only, never in a notification."""

    uid = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    instance = models.ForeignKey(
        ProcessInstance, on_delete=models.CASCADE, related_name="comments", db_index=False
    )
    author = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    text = models.TextField()
    mentioned = ArrayField(models.CharField(max_length=150), default=list)
    written_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["instance", "written_at", "uid"], name="comment_thread")]


class Attachment(models.Model):
    """A file that was put into a case. Its bytes lie in the object store, under `location`.

    A removed one stays as a row without bytes: the case's history goes on to name it.
    """

    uid = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    instance = models.ForeignKey(
        ProcessInstance, on_delete=models.CASCADE, related_name="attachments", db_index=False
    )
    task = models.ForeignKey(UserTask, null=True, on_delete=models.SET_NULL, related_name="attachments")
    name = models.CharField(max_length=200)
    content_type = models.CharField(max_length=100)
    size_bytes = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    location = models.CharField(max_length=400)
    added_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["instance", "added_at"], name="attachment_case")]
