"""A process of six elements (start, three user tasks, a gateway, end), one commit a step, one process.

Ours is the product's own services: row lock, form check, projections, history, audit line and outbox rows in
the step's transaction. The peer is plain SpiffWorkflow with its whole JSON in a PostgreSQL text column. The
floor reads and writes a row of the same size and runs no engine. PostgreSQL keeps its data on a RAM disk.
"""

from __future__ import annotations

import json
import os
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import django
import psycopg
from SpiffWorkflow.bpmn.serializer import BpmnWorkflowSerializer
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.spiff.parser.process import SpiffBpmnParser
from SpiffWorkflow.spiff.serializer.config import SPIFF_CONFIG
from SpiffWorkflow.util.task import TaskState

from benchmarks._servers import RAM_DISK, folder_on, manage, postgres
from benchmarks.runner import Row, measure_in_turn

BPMN = """<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"
 xmlns:consilium="urn:consilium:bpmn">
 <bpmn:process id="Benchmark" isExecutable="true">
  <bpmn:laneSet><bpmn:lane id="l" name="Doctors">
   <bpmn:extensionElements><consilium:assignment role="radiologist" site="site"/></bpmn:extensionElements>
   <bpmn:flowNodeRef>a</bpmn:flowNodeRef><bpmn:flowNodeRef>b</bpmn:flowNodeRef><bpmn:flowNodeRef>c</bpmn:flowNodeRef>
  </bpmn:lane></bpmn:laneSet>
  <bpmn:startEvent id="start"/>
  {tasks}
  <bpmn:exclusiveGateway id="g" default="g-c"/>
  <bpmn:endEvent id="end"/>
  <bpmn:sequenceFlow id="f1" sourceRef="start" targetRef="a"/>
  <bpmn:sequenceFlow id="f2" sourceRef="a" targetRef="g"/>
  <bpmn:sequenceFlow id="g-b" sourceRef="g" targetRef="b">
   <bpmn:conditionExpression>answer == 'yes'</bpmn:conditionExpression>
  </bpmn:sequenceFlow>
  <bpmn:sequenceFlow id="g-c" sourceRef="g" targetRef="c"/>
  <bpmn:sequenceFlow id="f3" sourceRef="b" targetRef="c"/>
  <bpmn:sequenceFlow id="f4" sourceRef="c" targetRef="end"/>
 </bpmn:process></bpmn:definitions>""".replace(
    "{tasks}",
    "".join(
        f'<bpmn:userTask id="{name}" name="{name}"><bpmn:extensionElements><consilium:form name="do"/>'
        "</bpmn:extensionElements></bpmn:userTask>"
        for name in "abc"
    ),
)
FORM = {
    "title": {"en": "Do", "zh-hans": "执行"},
    "outcomes": {
        "done": {
            "label": {"en": "Done", "zh-hans": "完成"},
            "schema": {"type": "object", "additionalProperties": False, "properties": {}},
        }
    },
}
SUBJECTS = {"order": str(uuid.uuid4()), "study": "2.25.1"}
DATA = {"site": "bench", "answer": "yes", "subjects": SUBJECTS}
PEER = "SpiffWorkflow, JSON in a text column"


def run(*, quick: bool) -> list[Row]:
    count, rounds = (20, 3) if quick else (100, 5)
    with folder_on(RAM_DISK) as folder, postgres(folder) as url:
        settings = {"DATABASE_URL": url, "SECRET_KEY": uuid.uuid4().hex}
        os.environ.update(settings, DJANGO_SETTINGS_MODULE="config.settings.test")
        manage("migrate", "--verbosity", "0", environment=settings)
        django.setup()
        with psycopg.connect(url) as connection:
            return _measure(folder, connection, count=count, rounds=rounds)


def _measure(folder: Path, connection: psycopg.Connection, *, count: int, rounds: int) -> list[Row]:
    ours, peer = Ours(folder), _Spiff(connection)
    shared, cold = Ours(folder, knows="run"), Ours(folder, knows="nothing")
    stored = measure_in_turn(
        {
            "ours": rate(ours.persisted, count),
            "shared": rate(shared.persisted, count),
            "cold": rate(cold.persisted, count),
            PEER: rate(peer.persisted, count),
            "floor": rate(peer.floor, count),
        },
        rounds=rounds,
    )
    memory = measure_in_turn(
        {"ours": rate(ours.in_memory, count * 3), "SpiffWorkflow": rate(peer.in_memory, count * 3)},
        rounds=rounds,
    )
    rates = {name: median for name, (median, _) in stored.items()}
    unit = "instances/s"
    floor = "row read and written, no engine"
    return [
        Row("persisted, commit a step", rates["ours"], PEER, rates[PEER], unit, count),
        Row("persisted, case shared with others", rates["shared"], PEER, rates[PEER], unit, count),
        Row("persisted, restored before every step", rates["cold"], PEER, rates[PEER], unit, count),
        Row("persisted, commit a step", rates["ours"], floor, rates["floor"], unit, count, is_reference=True),
        Row(
            "in memory, nothing stored", memory["ours"][0], "SpiffWorkflow", memory["SpiffWorkflow"][0], unit,
            count * 3,
        ),
        Row(
            "state after the first step", ours.state_bytes(), "SpiffWorkflow JSON", peer.state_bytes(), "bytes", 1,
            higher_is_better=False,
        ),
    ]  # fmt: skip


def rate(one: Callable[[], None], count: int) -> Callable[[], float]:
    def measure() -> float:
        began = time.perf_counter()
        for _ in range(count):
            one()
        return count / (time.perf_counter() - began)

    return measure


class Ours:
    """The product's services, as a view or a worker calls them.

    `knows`  what the process that takes a step has of the case: all of it, as it took the step before; the run, but it
             must look whether others were there; nothing, as it never saw the case.
    """

    def __init__(self, folder: Path, *, knows: Literal["all", "run", "nothing"] = "all") -> None:
        # Django is set up by now; its models cannot be imported before.
        from accounts.models import Membership, Person, Site  # noqa: PLC0415
        from events.services import use_nudge  # noqa: PLC0415
        from workflows import locks, services  # noqa: PLC0415

        use_nudge(
            None
        )  # the outbox rows are written; telling a broker of them is another benchmark's business
        self._services, self._warm_runs, self._knows = services, locks.warm_runs, knows
        self._site, is_new = Site.objects.get_or_create(
            code="bench", defaults={"name": "Bench", "kind": "provincial", "authority_namespace": "BENCH"}
        )
        self._person = Person.objects.get_or_create(username="bench")[0]
        if is_new:
            Membership.objects.create(person=self._person, site=self._site, role="radiologist")
        bundle = folder / "bundle"
        (bundle / "forms").mkdir(parents=True, exist_ok=True)
        (bundle / "benchmark.bpmn").write_text(BPMN)
        (bundle / "forms" / "do.json").write_text(json.dumps(FORM))
        services.import_bundle(bundle)

    def persisted(self) -> None:
        self._warm_runs.trust.confirm()
        instance = self._services.start_process(
            "Benchmark", data=DATA, site=self._site, subjects=SUBJECTS, start_key=uuid.uuid4().hex,
            actor=self._person,
        )  # fmt: skip
        for _ in "abc":
            task = self._offered(instance.pk)
            if self._knows == "nothing":
                self._warm_runs.forget()
            elif self._knows == "run":
                self._warm_runs.trust.disappoint()
            self._services.complete_user_task(task, actor=self._person, outcome="done", data={})

    def _offered(self, instance: int) -> Any:
        """The task that waits, as the peer has it from the state in its hands: inboxes are measured elsewhere."""
        warm = self._warm_runs.take_unseen(instance)
        assert warm is not None
        self._warm_runs.keep(instance, warm)
        return next(iter(warm.known.tasks.values()))

    def in_memory(self) -> None:
        run = self._started()
        for _ in "abc":
            uid = next(iter(run.waits.user_tasks))
            run.complete_user_task(uid, {"outcome": "done"})
        assert run.is_completed

    def state_bytes(self) -> float:
        return float(len(self._started().dump()))

    def _started(self) -> Any:
        from workflows.deployment import bundles  # noqa: PLC0415
        from workflows.engine import ProcessRun  # noqa: PLC0415
        from workflows.models import ProcessDefinition  # noqa: PLC0415

        if not hasattr(self, "_model"):
            self._model = bundles.model_of(ProcessDefinition.objects.get(key="Benchmark", is_active=True).pk)
        return ProcessRun.start(self._model, DATA)


class _Spiff:
    """SpiffWorkflow used as its documentation shows, one row an instance."""

    def __init__(self, connection: psycopg.Connection) -> None:
        parser = SpiffBpmnParser()
        parser.add_bpmn_str(BPMN.encode())
        self._spec = parser.get_spec("Benchmark")
        self._serializer = BpmnWorkflowSerializer(BpmnWorkflowSerializer.configure(SPIFF_CONFIG))
        self._connection = connection
        with connection.transaction():
            connection.execute("CREATE TABLE peer (id uuid PRIMARY KEY, state text NOT NULL)")

    def persisted(self) -> None:
        key = uuid.uuid4()
        with self._connection.transaction():
            state = self._serializer.serialize_json(self._started())
            self._connection.execute("INSERT INTO peer VALUES (%s, %s)", (key, state))
        for _ in "abc":
            with self._connection.transaction():
                workflow = self._serializer.deserialize_json(self._read(key))
                self._work(workflow)
                self._write(key, self._serializer.serialize_json(workflow))
        assert workflow.completed

    def floor(self) -> None:
        key, state = uuid.uuid4(), "x" * 3000
        with self._connection.transaction():
            self._connection.execute("INSERT INTO peer VALUES (%s, %s)", (key, state))
        for _ in "abc":
            with self._connection.transaction():
                self._write(key, self._read(key))

    def in_memory(self) -> None:
        workflow = self._started()
        for _ in "abc":
            self._work(workflow)
        assert workflow.completed

    def state_bytes(self) -> float:
        return float(len(self._serializer.serialize_json(self._started())))

    def _started(self) -> BpmnWorkflow:
        workflow = BpmnWorkflow(self._spec)
        workflow.task_tree.data.update(DATA)
        workflow.do_engine_steps()
        return workflow

    def _work(self, workflow: BpmnWorkflow) -> None:
        task = workflow.get_next_task(state=TaskState.READY, manual=True)
        task.data["outcome"] = "done"
        task.run()
        workflow.do_engine_steps()

    def _read(self, key: uuid.UUID) -> str:
        row = self._connection.execute("SELECT state FROM peer WHERE id = %s FOR UPDATE", (key,)).fetchone()
        assert row is not None
        return str(row[0])

    def _write(self, key: uuid.UUID, state: str) -> None:
        self._connection.execute("UPDATE peer SET state = %s WHERE id = %s", (state, key))
