"""Running a process of `bpmn/` in a test: as it goes, or restored from the database before every step."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from accounts.models import Person
from accounts.signing import Signature
from events.services import Event
from events.tracing import current_trace
from tests.conftest import Clock
from tests.personas import Cast
from workflows import service_tasks, services
from workflows.deployment import bundles
from workflows.engine.durations import parse_duration
from workflows.forms import data as forms
from workflows.locks import warm_runs
from workflows.models import ProcessInstance, ServiceTaskRun, UserTask
from workflows.selectors import OPEN_TASK
from workflows.service_tasks import Operator, Pending
from workflows.timers import fire_due_timers

BPMN = Path(__file__).resolve().parent.parent.parent / "bpmn"
ORDER = {
    "site_code": "county",
    "expert_site_code": "provincial",
    "accession_number": "A1",
    "procedure_code": "CTCHEST",
    "modality": "CT",
    "service": "remote_consultation",
    "priority": "ROUTINE",
}
SUBJECTS = {"order": "order-1", "patient": "patient-1", "study": "2.25.1"}
THIN_SERIES = {
    "site_code": "county",
    "modality": "CT",
    "instance_count": 237,
    "is_thin_slice": True,
    "spacing_mm": 1.25,
    "is_derived": False,
    "is_localizer": False,
    "reason": "NO_MORE_CAME",
}


class RunningProcess:
    """An instance and the people, machines and news that move it.

    Machines answer when the test says so: every operator is replaced by one that waits for its answer.
    """

    def __init__(self, cast: Cast, clock: Clock, commit: Callable[..., Any], *, restored: bool) -> None:
        self.cast = cast
        self.clock = clock
        self._commit = commit
        self._restored = restored
        self._pk = 0

    @property
    def instance(self) -> ProcessInstance:
        return ProcessInstance.objects.get(pk=self._pk)

    def person(self, username: str) -> Person:
        return Person.objects.get(username=username)

    def receive(
        self,
        name: str,
        payload: Mapping[str, Any],
        subjects: Mapping[str, str],
        *,
        uid: uuid.UUID | None = None,
    ) -> None:
        event = Event(uid or uuid.uuid4(), name, {**payload, "subjects": dict(subjects)}, current_trace())
        self._step(lambda: services.receive_event(event))
        if not self._pk:
            found = ProcessInstance.objects.order_by("-pk").first()
            self._pk = found.pk if found is not None else 0

    def open_tasks(self) -> set[tuple[str, str]]:
        rows = UserTask.objects.filter(instance_id=self._pk, status__in=OPEN_TASK)
        return {(task.name, task.role) for task in rows}

    def task(self, name: str) -> UserTask:
        return UserTask.objects.get(instance_id=self._pk, name=name, status__in=OPEN_TASK)

    def complete(self, name: str, by: str, outcome: str, data: Mapping[str, Any]) -> None:
        """Finish a step, signed: what no signature is asked for keeps none."""
        task, actor = self.task(name), self.person(by)
        signature = Signature(actor.pk, self.clock.now)
        self._step(
            lambda: services.complete_user_task(
                task, actor=actor, outcome=outcome, data=dict(data), signature=signature
            )
        )

    def waiting_run(self, name: str) -> ServiceTaskRun:
        """The oldest step of this name that no machine has answered; a worker has taken it up."""
        run = ServiceTaskRun.objects.filter(
            instance_id=self._pk, name=name, status__in=["queued", "pending"]
        ).order_by("queued_at")[0]
        self._step(lambda: services.perform_service_task(run.uid))
        run.refresh_from_db()
        return run

    def answer(self, name: str, result: Mapping[str, Any]) -> None:
        run = self.waiting_run(name)
        self._step(lambda: services.complete_service_task(run.uid, result=dict(result)))

    def fail(self, name: str, code: str) -> None:
        run = self.waiting_run(name)
        self._step(lambda: services.fail_service_task(run.uid, code=code, permanent=True))

    def fire_due_timers(self) -> int:
        return int(self._step(fire_due_timers))

    def advance(self, duration: str) -> None:
        span = parse_duration(duration)
        assert span is not None
        self.clock.advance(span)
        self.fire_due_timers()

    def play(self, scenario: Mapping[str, Any]) -> None:
        """Play a recorded scenario of the bundle to its end."""
        start = scenario["start"]
        self.receive(start["message"], start["payload"], start["subjects"])
        for step in scenario["steps"]:
            self._play_step(step)

    def _play_step(self, step: Mapping[str, Any]) -> None:
        match step:
            case {"message": name, "payload": payload, "subjects": subjects}:
                self.receive(name, payload, subjects)
            case {"complete": name, "by": by, "outcome": outcome, "data": data}:
                self.complete(name, by, outcome, data)
            case {"answer": name, "result": result}:
                self.answer(name, result)
            case {"fail": name, "code": code}:
                self.fail(name, code)
            case {"advance": duration}:
                self.advance(duration)
            case {"open": tasks}:
                assert self.open_tasks() == {(name, role) for name, role in tasks}
            case _:
                pytest.fail(f"A scenario knows no such step: {sorted(step)}")

    def _step(self, act: Callable[[], Any]) -> Any:
        if self._restored:
            warm_runs.forget()
        with self._commit(execute=True):
            return act()


@pytest.fixture
def waiting_operators(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every registered step waits for its answer instead of doing its work."""
    waiting = {
        name: Operator(name, lambda _context, **_arguments: Pending("asked"), "default", 0, 60)
        for name in service_tasks.operator_names()
    }
    monkeypatch.setattr(service_tasks, "_operators", waiting)


@pytest.fixture
def signed_reports(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Reports signed by the form: what the archive would have been given."""
    signed: list[dict[str, Any]] = []

    def sign(_task: UserTask, _person: Person, data: dict[str, Any]) -> dict[str, str]:
        signed.append(data)
        return {"report_uid": f"report-{len(signed)}", "status": "final"}

    forms.register_submission("reports.sign", forms.find_submission("reports.sign") or sign)
    monkeypatch.setitem(forms._submissions, "reports.sign", sign)
    return signed


@pytest.fixture
def run_process(
    cast: Cast,
    clock: Clock,
    waiting_operators: None,
    signed_reports: list[dict[str, Any]],
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> Callable[..., RunningProcess]:
    """Import a process; with `begin`, start it by an order of the given priority."""

    def run(
        key: str, *, restored: bool = False, begin: bool = True, priority: str = "ROUTINE"
    ) -> RunningProcess:
        folder = next(
            path.parent for path in BPMN.glob("*/*.bpmn") if f'process id="{key}"' in path.read_text()
        )
        bundles.import_bundle(folder)
        process = RunningProcess(cast, clock, django_capture_on_commit_callbacks, restored=restored)
        if begin:
            process.receive("OrderReceived", {**ORDER, "priority": priority}, SUBJECTS)
        return process

    return run
