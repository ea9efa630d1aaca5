"""kill -9 at every step of a process: no step is lost, and none is done twice.

Each act of a case is first begun by a worker that dies at one point of it, then done again the way it comes again in
life: news are delivered once more, a person presses the button once more, duties find what has lost its lease. At
the end the case has left behind exactly what it leaves when nobody dies. Whole daemons are killed in `test_daemons`.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from common import clock as product_clock
from common.errors import Conflict
from tests.processes.conftest import BPMN, RunningProcess
from tests.workflows.conftest import FORM, bpmn
from tests.workflows.conftest import install as install_files
from tests.workflows.drills.ledger import ledger, steps_told
from tests.workflows.drills.model import MODEL, play_model
from tests.workflows.drills.victims import Point, perform_in_victim
from workflows import services
from workflows.deployment import bundles
from workflows.locks import warm_runs
from workflows.machines.performing import requeue_lost_runs
from workflows.models import ProcessInstance, ServiceTaskRun

pytestmark = pytest.mark.django_db(transaction=True)
REMOTE = BPMN / "remote_consultation"
SCENARIOS = [
    pytest.param(path, id=path.stem, marks=[] if path.stem == "signed_at_once" else [pytest.mark.drill])
    for path in sorted((REMOTE / "scenarios").glob("*.json"))
]


class Drilled(RunningProcess):
    """A process each of whose acts a worker dies of first; without a point, nobody dies."""

    deaths = 0

    def __init__(self, *args: Any, point: Point | None, **options: Any) -> None:
        super().__init__(*args, **options)
        self._point = point

    def begin(self, key: str) -> None:
        """Start an instance under a key of its own, as a caller that tries again would."""
        start: dict[str, Any] = {
            "data": {"site": "provincial", "number": 3},
            "subjects": {"study": "2.25.1"},
            "start_key": "one",
        }
        self._step(
            lambda: services.start_process(key, site=self.cast.provincial, actor=self.cast.carla, **start)
        )
        self._pk = ProcessInstance.objects.get(start_key="one").pk

    def _step(self, act: Callable[[], Any]) -> Any:
        if self._point is not None and perform_in_victim(act, self._point):
            self.deaths += 1
            lose_leases()
        try:
            return super()._step(act)
        except Conflict as conflict:
            # The dead worker had come to the end of it: the person is told so when trying again.
            if self._point is None or conflict.code not in {"TASK_CLOSED", "CASE_ENDED"}:
                raise
            return None


def lose_leases() -> None:
    """What happens half a minute after a worker died: its lease runs out, and its step is queued again."""
    ServiceTaskRun.objects.filter(status="running").update(
        lease_until=product_clock.now() - dt.timedelta(seconds=1)
    )
    requeue_lost_runs()


@pytest.fixture
def drill(cast, clock, operators, waiting_operators, signed_reports, django_capture_on_commit_callbacks):
    """Play a case in peace, then with deaths, and compare what each leaves; that, and how many died."""

    def play(prepare: Callable[[], None], scenario: Callable[[Drilled], None], point: Point):
        prepare()
        began = clock.now
        commit = django_capture_on_commit_callbacks
        with transaction.atomic():
            scenario(Drilled(cast, clock, commit, restored=False, point=None))
            expected = ledger(), steps_told()
            transaction.set_rollback(True)
        warm_runs.forget()
        clock.now = began
        drilled = Drilled(cast, clock, commit, restored=False, point=point)
        scenario(drilled)
        left = ledger()
        assert left == expected[0]
        if point is not Point.AT_WORK:  # there the step is queued again, and that is told
            assert steps_told() == expected[1]
        return left, drilled.deaths

    return play


@pytest.mark.parametrize("point", Point)
@pytest.mark.parametrize("path", SCENARIOS)
def test_remote_consultation_survives_a_death_at_every_step(drill, path, point):
    scenario = json.loads(path.read_text())

    left, deaths = drill(lambda: bundles.import_bundle(REMOTE), lambda process: process.play(scenario), point)

    assert left["incidents"] == 0
    assert deaths >= sum(_may_die(step, point) for step in scenario["steps"])


def _may_die(step: dict[str, Any], point: Point) -> bool:
    """Whether an act of a scenario certainly comes to the point."""
    return "answer" in step if point is Point.AT_WORK else "complete" in step and point is not Point.UNTOLD


@pytest.mark.parametrize("point", Point)
def test_parallel_branches_instances_timers_and_compensation_survive_too(drill, point, tmp_path):
    def prepare() -> None:
        install_files({"sample.bpmn": bpmn(MODEL), "forms/do.json": FORM}, tmp_path)

    left, deaths = drill(prepare, play_model, point)

    assert left["cases"] == {("completed", "Finished"): 1}
    assert left["incidents"] == 0
    assert deaths >= 6
