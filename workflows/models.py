"""What the engine persists: definitions, instances, and the rows pages and workers look for."""

from __future__ import annotations

import datetime as dt
import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from accounts.models import Person, Role, Site
from workflows.scripting.library.models import ScriptVersion  # noqa: F401 - its table is this app's

# A foreign key that begins another index of its table has none of its own: every step writes these rows.


class ProcessDefinition(models.Model):
    """One imported version of a bundle; what it consists of never changes once it is in.

    A draft is there to be looked at: `problems` lists what keeps it from running. A deployed version may run,
    the active one starts new cases; of a retired one only cases that began on it are left. `files` maps a path
    inside the bundle to its text: the diagram, forms/*.json, scenarios/*.json. `calls` maps a process that its
    call activities call to the version they call, fixed when it is first deployed. The messages it starts on or
    catches are kept beside it, so that news finds its takers in one query.
    """

    class Status(models.TextChoices):
        DRAFT = "draft", _("Draft")
        DEPLOYED = "deployed", _("Deployed")
        RETIRED = "retired", _("Retired")

    key = models.CharField(max_length=80)
    version = models.PositiveIntegerField()
    name = models.CharField(max_length=120)
    digest = models.CharField(max_length=64)
    files = models.JSONField()
    calls = models.JSONField(default=dict)
    start_messages = ArrayField(models.CharField(max_length=80), default=list)
    catch_messages = ArrayField(models.CharField(max_length=80), default=list)
    start_signals = ArrayField(models.CharField(max_length=80), default=list)
    imported_at = models.DateTimeField()
    is_active = models.BooleanField(default=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.DEPLOYED)
    problems = models.JSONField(default=list)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="definition_active_is_deployed",
                condition=models.Q(is_active=False) | models.Q(status="deployed"),
            ),
            models.UniqueConstraint(fields=["key", "version"], name="definition_version_once"),
            models.UniqueConstraint(fields=["key", "digest"], name="definition_digest_once"),
            models.UniqueConstraint(
                fields=["key"], name="definition_active_once", condition=models.Q(is_active=True)
            ),
        ]


class ProcessInstance(models.Model):
    """A running process. Its row lock is the right to change it: one writer per instance.

    `state` is the engine's own serialisation as compressed bytes, in its own key order. `call` is the step of
    the process that called this one.
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


NO_DUE_DATE = dt.datetime(9999, 12, 31, tzinfo=dt.UTC)
RANKS = {"STAT": 0, "URGENT": 1}  # every other priority is routine, rank 2
ROUTINE_RANK = 2
LIST_ORDER = ("rank", "due_by", "offered_at", "uid")


class UserTask(models.Model):
    """A step that waits for a person: offered to a role at a site, to candidates, or assigned to one person.

    `is_personal` tells that the diagram named the assignee, who may then decline but not put it back. With
    `has_candidates` the step is offered to those its rows of `TaskCandidate` name, instead of to its role.
    A colleague to whom it was delegated is its assignee, and `owner` the one who answers for it. Lists are in
    the order of `rank`, `due_by`, `offered_at` and `uid`; the database keeps the first two.

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
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="user_tasks")
    assignee = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="user_tasks")
    lane = models.CharField(max_length=120, blank=True)
    is_personal = models.BooleanField(default=False)
    has_candidates = models.BooleanField(default=False)
    owner = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    delegation = models.CharField(max_length=8, choices=Delegation.choices, blank=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.READY)
    priority = models.CharField(max_length=8, default="ROUTINE")
    rank = models.GeneratedField(
        expression=models.Case(
            *(models.When(priority=priority, then=rank) for priority, rank in RANKS.items()),
            default=ROUTINE_RANK,
        ),
        output_field=models.SmallIntegerField(),
        db_persist=True,
    )
    offered_at = models.DateTimeField()
    due_by = models.GeneratedField(
        expression=Coalesce("due_at", models.Value(NO_DUE_DATE)),
        output_field=models.DateTimeField(),
        db_persist=True,
    )
    claimed_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    completed_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
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


class ProcessEvent(models.Model):
    """One line of an instance's history: what happened at which element, and through whom."""

    instance = models.ForeignKey(
        ProcessInstance, on_delete=models.CASCADE, related_name="events", db_index=False
    )
    at = models.DateTimeField()
    kind = models.CharField(max_length=40)
    element_id = models.CharField(max_length=120, blank=True)
    name = models.CharField(max_length=120, blank=True)
    actor = models.CharField(max_length=150, blank=True)
    person = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    detail = models.JSONField(default=dict)

    class Meta:
        indexes = [models.Index(fields=["instance", "id"], name="process_event_instance")]


class Incident(models.Model):
    """Something that stands still and needs a person: a failed step, a lost lease, a message nobody takes."""

    instance = models.ForeignKey(ProcessInstance, on_delete=models.CASCADE, related_name="incidents")
    element_id = models.CharField(max_length=120, blank=True)
    code = models.CharField(max_length=80)
    message = models.CharField(max_length=200)
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
