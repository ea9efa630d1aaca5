"""What is in hand while an instance is locked."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from accounts.actors import Actor, SystemActor, actor_name
from accounts.audit import record_audit
from common import clock
from common.rows import Changes, Line
from workflows.engine import ProcessRun, Waits
from workflows.locks import Known
from workflows.models import ProcessEvent, ProcessInstance, ProcessSubject, UserTask

WORKFLOW = SystemActor("workflow")


@dataclass
class Step:
    """A locked instance, the run of its process, and what has come of the step so far.

    `at` is the moment of everything the step does. `closed` holds the user tasks that it finishes, `handed` those it
    gives to somebody anew, `settled` the machine steps and timers it has closed itself. A step that is not `is_locked`
    acts on what this process knows of the instance: what it writes holds only if the instance is still at that
    revision.
    """

    instance: ProcessInstance
    run: ProcessRun
    known: Known
    actor: Actor
    before: Waits = field(default_factory=Waits)
    closed: dict[uuid.UUID, UserTask] = field(default_factory=dict)
    handed: list[UserTask] = field(default_factory=list)
    settled: set[uuid.UUID] = field(default_factory=set)
    lines: list[Line] = field(default_factory=list)
    changes: Changes = field(default_factory=Changes)
    at: dt.datetime = field(default_factory=clock.now)
    is_locked: bool = True
    has_written: bool = False
    """Whether rows were written beside `changes`, so that the step is to be told although nothing moved."""

    @property
    def is_idle(self) -> bool:
        """Whether nothing came of the step: news the instance has had, an answer that came too late."""
        has_moved = self.run.waits is not self.before
        return not (has_moved or self.lines or self.closed or self.changes or self.has_written)

    @cached_property
    def case(self) -> str:
        """What others know the instance by."""
        return str(self.instance.uid)

    @property
    def subjects(self) -> dict[str, str]:
        return self.known.subjects

    def note(
        self, kind: str, *, element_id: str = "", name: str = "", actor: Actor | None = None, **detail: Any
    ) -> None:
        """Add a line to the instance's history."""
        who = actor or self.actor
        self.lines.append(
            Line(
                ProcessEvent,
                instance_id=self.instance.pk,
                at=self.at,
                kind=kind,
                element_id=element_id,
                name=name[:120],
                actor=actor_name(who),
                person_id=None if isinstance(who, SystemActor) else who.pk,
                detail=detail,
            )
        )

    def audit(self, action: str, **detail: Any) -> None:
        """Add a line about the case to the audit trail, written with the step."""
        record_audit(
            self.actor,
            action,
            object_kind="case",
            object_uid=self.case,
            study_instance_uid=self.subjects.get("study", ""),
            site_code=self.instance.site.code,
            at=self.at,
            into=self.changes,
            **detail,
        )

    def fail(self, code: str) -> None:
        """End the case with an error that nothing in it catches."""
        self.run.cancel()
        self.instance.status = ProcessInstance.Status.FAILED
        self.instance.outcome = code[:80]
        self.instance.ended_at = self.at
        self.note("case.failed", code=code[:80])

    def add_subjects(self, subjects: Mapping[str, str]) -> None:
        """Remember what else the process is about; the first of each kind stays."""
        new = {kind: uid for kind, uid in subjects.items() if kind not in self.subjects and kind != "case"}
        if new:
            self.known.subjects |= new
            self.changes.insert(
                [ProcessSubject(instance=self.instance, kind=kind, uid=uid) for kind, uid in new.items()],
                ignore_conflicts=True,
            )
