"""kill -9 of the product's own daemons at every step of every process that is shipped with it.

A case is played twice on the same Celery workers and timer daemon: once in peace, and once while they die, of each step
at each place. Both leave the same behind: no step is lost, none is done twice, and neither is what a step does outside
the case. Single acts that die in a forked process are drilled in `test_kill`, at a fraction of the time.
"""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from itertools import count, product
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as live_settings
from django.db.models import Min
from redis import Redis

from common import clock as product_clock
from config.celery import app as celery
from events import services as events
from events import tasks as events_tasks
from events.selectors import backlog
from integrations.simulators.emr import EmrServer
from tests.integrations.dicom.conftest import database_url
from tests.integrations.hl7.messages import emr_link
from tests.journey.record import serving
from tests.processes.conftest import BPMN, RunningProcess
from tests.workflows.conftest import FORM, bpmn
from tests.workflows.conftest import install as install_files
from tests.workflows.drills.consultation import Consultation, effects
from tests.workflows.drills.daemons import Daemons
from tests.workflows.drills.ledger import ledger
from tests.workflows.drills.model import MODEL, play_model
from workflows import services, stepping
from workflows import tasks as workflow_tasks
from workflows.deployment import bundles
from workflows.engine.durations import parse_duration
from workflows.models import Incident, ProcessInstance, ServiceTaskRun, Timer, UserTask

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.stack, pytest.mark.timeout(900)]
SHIPPED = {"remote_consultation": Consultation}
"""Every process that is shipped, and what surrounds a case of it."""
PLACES = {"before": ("TAKEN", "UNWRITTEN", "UNHEARD"), "after": ("WORKED", "UNTOLD", "UNACKNOWLEDGED")}
"""Whoever dies of the commit has nobody left to tell of it: so the places are visited in two plays."""
WORST = ("WORKED", "UNHEARD")
"""Where a step would be done twice, if it were."""
_numbers = count(1)


class Attended(RunningProcess):
    """A case that daemons move on by themselves; the test does what people do, and waits for the daemons."""

    def __init__(self, cast: Any, daemons: Daemons, world: Any = None) -> None:
        super().__init__(cast, daemons, lambda **_: nullcontext(), restored=False)  # type: ignore[arg-type]
        self._daemons, self._world = daemons, world
        self._answered: Counter[str] = Counter()
        self.acts = 0
        self._began = daemons.now

    def play(self, scenario: Mapping[str, Any]) -> None:
        self._world.begin(scenario["start"]["payload"]["priority"])
        order = {"subjects__kind": "order", "subjects__uid": self._world.subjects({})["order"]}
        self._await(lambda: self._known(ProcessInstance.objects.filter(**order).first()), "no case began")
        for step in scenario["steps"]:
            self._play_step(step)
        self.await_end()

    def begin(self, key: str) -> None:
        """Start a case as a page does."""
        self.acts += 1
        data = {"site": "provincial", "number": 3}
        self._known(
            services.start_process(
                key, data=data, site=self.cast.provincial, subjects={"study": "2.25.1"},
                start_key=f"{key}-{next(_numbers)}", actor=self.cast.carla,
            )
        )  # fmt: skip

    def receive(self, name: str, payload: Mapping[str, Any], subjects: Mapping[str, str], **_: Any) -> None:
        events.publish(name, payload, subjects=self._world.subjects(subjects))
        self._await(lambda: backlog().count == 0, f"{name} was not delivered")

    def complete(self, name: str, by: str, outcome: str, data: Mapping[str, Any]) -> None:
        self.acts += 1
        self._await(lambda: name in {task for task, _role in self.open_tasks()}, f"{name} was not offered")
        super().complete(name, by, outcome, data)

    def answer(self, name: str, result: Mapping[str, Any]) -> None:
        self._answered[name] += 1
        self._await(
            lambda: self._count(name, "completed", "pending") >= self._answered[name], f"{name} did not begin"
        )
        if self._world is not None:
            self._world.answer(name, result)
        self._await(lambda: self._count(name, "completed") >= self._answered[name], f"{name} has no answer")

    def fail(self, name: str, code: str) -> None:
        self._await(lambda: self._count(name, "pending") > 0, f"{name} did not begin")
        self._world.fail(name, code)
        self._await(lambda: self._count(name, "failed") > 0, f"{name} did not fail")

    def advance(self, duration: str) -> None:
        """Come to the next timer of the case, if it is due by then: what deaths have cost has passed already."""
        span = parse_duration(duration)
        assert span is not None
        waiting = Timer.objects.filter(instance=self._pk, status=Timer.Status.WAITING)
        due = waiting.aggregate(at=Min("due_at"))["at"]
        left = span if due is None else min(span, due - self._daemons.now)
        self._daemons.advance(max(left, dt.timedelta(0)))

    def await_end(self) -> None:
        self._await(lambda: self.instance.status != "running", "the case did not end")
        self._await(lambda: backlog().count == 0, "what it told was not delivered")

    def _play_step(self, step: Mapping[str, Any]) -> None:
        began = self._daemons.now
        if "open" in step:
            wanted = {(name, role) for name, role in step["open"]}
            self._await(lambda: wanted in self._open_since(self._began), f"not open: {wanted}")
        else:
            super()._play_step(step)
        self._began = began

    def _open_since(self, moment: dt.datetime) -> list[set[tuple[str, str]]]:
        """What was open then, and after each change since: whoever tells a machine's answer may be too quick to see."""
        tasks = list(UserTask.objects.filter(instance=self._pk).order_by("offered_at"))
        changes = {at for task in tasks for at in (task.offered_at, task.closed_at) if at and at > moment}
        return [
            {
                (task.name, task.role)
                for task in tasks
                if task.offered_at <= at and (task.closed_at is None or task.closed_at > at)
            }
            for at in sorted({moment, *changes})
        ]

    def _known(self, begun: ProcessInstance | None) -> bool:
        self._pk = begun.pk if begun is not None else 0
        return begun is not None

    def _count(self, name: str, *statuses: str) -> int:
        return ServiceTaskRun.objects.filter(instance=self._pk, name=name, status__in=statuses).count()

    def _await(self, reached: Callable[[], bool], otherwise: str) -> None:
        self._daemons.until(reached, otherwise=otherwise)


@pytest.fixture
def daemons(tmp_path: Path, settings: Any) -> Iterator[Daemons]:
    """Daemons that share queues and clock with the test, which nudges them as a page does."""
    running = Daemons(tmp_path / "drill", database_url(), settings.STORAGE_URL)
    shared = live_settings.CELERY_BROKER_TRANSPORT_OPTIONS
    celery.conf.broker_transport_options = {**shared, "global_keyprefix": running.queues}
    product_clock.use_source(lambda: running.now)
    stepping.use_nudge(workflow_tasks.enqueue)
    events.use_nudge(events_tasks.deliver_bulletin.delay)
    try:
        running.start()
        yield running
    finally:
        running.stop()
        stepping.use_nudge(None)
        events.use_nudge(None)
        product_clock.use_source(None)
        celery.conf.broker_transport_options = shared
        with Redis.from_url(live_settings.CELERY_BROKER_URL) as broker:
            for key in broker.scan_iter(f"{running.queues}*"):
                broker.delete(key)


@pytest.fixture
def filed(cast, tmp_path: Path) -> Iterator[Path]:
    """Where the county hospital's record files what it is sent."""
    with serving(EmrServer(tmp_path / "emr")) as server:
        emr_link(cast, server.port)
        yield tmp_path / "emr"


def left(filed: Path | None = None) -> dict[str, Any]:
    """What all cases have left behind until now. A step may take too long where so many die: that is told, and over."""
    still = Incident.objects.filter(resolved_at=None).count()
    return {**ledger(), "incidents": still, **(effects(filed) if filed else {})}


def grown(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """What a case has added to what was counted."""
    return {name: after[name] - before[name] for name in after}


def assert_somebody_died_of_every_step(daemons: Daemons, played: Attended, places: tuple[str, ...]) -> None:
    case = played.instance
    runs = {str(uid) for uid in ServiceTaskRun.objects.filter(instance=case).values_list("pk", flat=True)}
    for place in {"TAKEN", "WORKED"} & set(places):
        assert set(daemons.deaths(place)) == {f"{place} {uid}" for uid in runs}
    steps = case.revision - played.acts  # people take theirs in other processes
    for place in {"UNWRITTEN", "UNHEARD"} & set(places):
        assert len(daemons.deaths(place)) >= steps, place
    if (
        "UNTOLD" in places
    ):  # a worker's other child dies unseen with their parent, and an ended case is not kept
        assert daemons.deaths("UNTOLD")


def test_each_process_that_is_shipped_is_drilled():
    assert set(SHIPPED) == {path.parent.name for path in BPMN.glob("*/*.bpmn")}


def _length(scenario: Path) -> int:
    return len(json.loads(scenario.read_text())["steps"])


def _plays() -> Iterator[Any]:
    scenarios = sorted(BPMN.glob("*/scenarios/*.json"))
    shortest = {path.parent: path for path in sorted(scenarios, key=_length, reverse=True)}
    for path in scenarios:
        for (when, places), victim in product(PLACES.items(), ("child", "parent")):
            yield pytest.param(
                path, places, [victim], id=f"{path.stem}-{victim}-{when}", marks=pytest.mark.drill
            )
    for path in shortest.values():
        yield pytest.param(path, WORST, ["child", "child", "parent"], id=f"{path.stem}-worst")


@pytest.mark.parametrize(("path", "places", "victims"), list(_plays()))
def test_a_shipped_process_survives_the_death_of_its_daemons_at_every_step(
    cast, filed, daemons, path, places, victims
):
    bundle = path.parent.parent
    bundles.import_bundle(bundle)
    scenario, world = json.loads(path.read_text()), SHIPPED[bundle.name]
    counts = [left(filed)]

    for number in (1, 2):
        played = Attended(cast, daemons, world(cast, number))
        played.play(scenario)
        counts.append(left(filed))
        daemons.kill_at(places, victims)

    assert grown(counts[1], counts[2]) == grown(counts[0], counts[1])
    assert (played.instance.status, played.instance.outcome) == tuple(scenario["end"].values())
    assert counts[2]["incidents"] == 0
    assert_somebody_died_of_every_step(daemons, played, places)


@pytest.mark.drill
@pytest.mark.parametrize("victim", ["child", "parent"])
@pytest.mark.parametrize("when", PLACES)
def test_so_do_parallel_branches_instances_timers_and_compensation(
    cast, operators, daemons, tmp_path, when, victim
):
    install_files({"sample.bpmn": bpmn(MODEL), "forms/do.json": FORM}, tmp_path / "model")
    counts = [left()]

    for _ in range(2):
        played = Attended(cast, daemons)
        play_model(played)
        played.await_end()
        counts.append(left())
        daemons.kill_at(PLACES[when], [victim])

    assert grown(counts[1], counts[2]) == grown(counts[0], counts[1])
    assert counts[2]["incidents"] == 0
    assert daemons.effects() == ServiceTaskRun.objects.count()
    assert_somebody_died_of_every_step(daemons, played, PLACES[when])
