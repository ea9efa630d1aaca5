"""`kill -9` at the worst moment: after the restart the journey completes, nothing lost, nothing doubled."""

from __future__ import annotations

from collections import Counter
from typing import Any

import psycopg
import pytest

from config.demo import peers
from config.demo.journey import Journey
from config.demo.waiting import wait_for
from tests.journey.conftest import MakeJourney
from tests.journey.running import RunningProduct

pytestmark = [pytest.mark.stack, pytest.mark.timeout(600)]


def test_the_dicom_listener_killed_in_mid_series(region: RunningProduct, make_journey: MakeJourney) -> None:
    journey = make_journey(slices=400, matrix=256)
    journey.order()
    modality = peers.start_sending(journey.study, journey.addresses)
    stored_before = wait_for(
        lambda: stored(journey) if stored(journey) >= 10 else None,
        within_s=60,
        otherwise="Nothing arrived",
    )

    restarts = region.kill("dicom")

    region.await_restart("dicom", restarts=restarts)
    sent = peers.outcome_of(modality)
    assert stored_before < 400, "the series was over before the listener was killed"
    assert (sent["sent"], sent["refused"], sent["unsent"]) == (400, {}, 0)
    assert sent["connections"] >= 2
    assert stored(journey) == 400
    assert_journey_ends_well(region, journey, instances=400)


def test_the_compute_worker_killed_in_mid_job(region: RunningProduct, make_journey: MakeJourney) -> None:
    journey = make_journey(slices=120, matrix=256)
    journey.order()
    journey.send_images()
    wait_for(lambda: the_job(journey).get("status") == "running", within_s=90, otherwise="No job was started")

    restarts = region.kill("worker-cpu")

    assert the_job(journey)["status"] == "running"  # nobody has noticed yet
    region.await_restart("worker-cpu", restarts=restarts)
    journey.await_results()
    job = the_job(journey)
    assert (job["status"], job["attempts"]) == ("completed", 2)
    assert job["result_count"] == journey.results()
    assert_journey_ends_well(region, journey, instances=120)


def test_the_workflow_worker_killed_in_mid_step(region: RunningProduct, make_journey: MakeJourney) -> None:
    """The step is held up by a lock on its instance, so that the worker is in the middle of it for sure."""
    journey = make_journey()
    journey.order()
    with region.database() as database:
        lock_case(database, journey)
        journey.send_images()
        journey.await_series()
        port = wait_for(
            lambda: port_of_who_waits(region), within_s=60, otherwise="Nobody took the news to the process"
        )
        assert region.has_connection_from("worker-default", port)

        restarts = region.kill("worker-default")

    region.await_restart("worker-default", restarts=restarts)
    assert_journey_ends_well(region, journey, instances=40)


def lock_case(database: psycopg.Connection[Any], journey: Journey) -> None:
    database.execute(
        "SELECT id FROM workflows_processinstance WHERE uid = %s FOR UPDATE", [journey.case["uid"]]
    )


def port_of_who_waits(region: RunningProduct) -> int | None:
    """The client port of the connection that waits for a lock, if one does."""
    with region.database() as other:
        row = other.execute(
            "SELECT client_port FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        ).fetchone()
    return int(row[0]) if row else None


def stored(journey: Journey) -> int:
    """How many instances of the sent series are here; results are counted apart."""
    return sum(series["instance_count"] for series in journey.series() if not series["is_derived"])


def the_job(journey: Journey) -> dict[str, Any]:
    jobs = journey.person("rafael").find("jobs/", study=journey.study.study_instance_uid)
    assert len(jobs) <= 1
    return jobs[0] if jobs else {}


def assert_journey_ends_well(region: RunningProduct, journey: Journey, *, instances: int) -> None:
    """Play it to its end; every step happened once and only once."""
    journey.await_results()
    journey.assign()
    journey.report()
    journey.acknowledge()
    journey.await_delivery()

    outcome = journey.outcome()
    assert (outcome["instances"], outcome["process"], outcome["report"]) == (instances, "completed", "final")
    assert outcome["oru_acknowledged"]
    series = Counter(one["is_derived"] for one in journey.series())
    assert series == {False: 1, True: 1}
    assert outcome["results"] == the_job(journey)["result_count"]
    with region.database() as database:
        assert_every_step_happened_once(database, journey)


def assert_every_step_happened_once(database: psycopg.Connection[Any], journey: Journey) -> None:
    rows = database.execute(
        "SELECT e.element_id, count(*) FROM workflows_processevent e"
        " JOIN workflows_processinstance i ON i.id = e.instance_id"
        " WHERE i.uid = %s AND e.kind = 'element.completed' GROUP BY e.element_id",
        [journey.case["uid"]],
    ).fetchall()
    steps = dict(rows)
    once = ["MakeOverview", "AssignExpert", "ReadAndReport", "AcknowledgeReport", "SendReport"]
    assert {name: steps.get(name) for name in once} == dict.fromkeys(once, 1)
    filed = list(journey.addresses.emr_folder.glob("*.json"))
    mine = [path for path in filed if journey.study.study_instance_uid in path.read_text()]
    assert len(mine) == 1
