"""Cases by REST for those who look after them: the same acts as on the pages, with nobody's data."""

from __future__ import annotations

from pathlib import Path

import pytest

from accounts.models import AuditEvent
from tests.personas import Cast
from tests.portal.one_step_process import start_second_look
from workflows.models import ProcessInstance

LIST = "/api/operated-cases/"


@pytest.fixture
def case(cast: Cast, tmp_path: Path) -> ProcessInstance:
    return start_second_look(cast, tmp_path)


def test_an_integrator_sees_where_a_case_stands_and_not_whom_it_is_about(cast, case, as_person):
    ivo = as_person(cast.ivo)

    (row,) = ivo.get(LIST).json()["results"]
    assert (row["uid"], row["process"], row["steps"], row["incident_count"]) == (
        str(case.uid), "SecondLook", ["Look"], 0,
    )  # fmt: skip
    assert "subjects" not in row
    detail = ivo.get(f"{LIST}{case.uid}/").json()
    assert [(wait["kind"], wait["element_id"]) for wait in detail["waits"]] == [("person", "Look")]
    assert (detail["kept"], detail["incidents"]) == (0, [])


@pytest.mark.parametrize("operator", ["ivo", "ines", "carla"])
def test_who_looks_after_cases_suspends_one_and_lets_it_go_on(cast, case, as_person, operator):
    person = getattr(cast, operator)
    program, address = as_person(person), f"{LIST}{case.uid}/"

    assert list(program.post(f"{address}suspend/", {}, format="json").json()["fields"]) == ["reason"]
    assert program.post(f"{address}suspend/", {"reason": "why"}, format="json").status_code == 204
    assert (
        program.post(f"{address}suspend/", {"reason": "why"}, format="json").json()["code"]
        == "CASE_SUSPENDED"
    )
    (row,) = program.get(LIST, {"show": "suspended"}).json()["results"]
    assert row["suspended_at"] is not None

    assert program.post(f"{address}resume/").status_code == 204
    assert program.post(f"{address}resume/").json()["code"] == "CASE_NOT_SUSPENDED"
    assert program.get(LIST, {"show": "suspended"}).json()["results"] == []
    trail = AuditEvent.objects.filter(action__in=["case.suspended", "case.resumed"], person=person)
    assert trail.count() == 2


@pytest.mark.parametrize("somebody", ["rosa", "rafael", "otto"])
def test_for_others_there_are_none(cast, case, as_person, somebody):
    program = as_person(getattr(cast, somebody))

    assert program.get(LIST).json()["results"] == []
    assert program.get(f"{LIST}{case.uid}/").status_code == 404
    assert program.post(f"{LIST}{case.uid}/suspend/", {"reason": "why"}, format="json").status_code == 404
    assert program.post(f"{LIST}{case.uid}/resume/").status_code == 404
    case.refresh_from_db()
    assert case.suspended_at is None
