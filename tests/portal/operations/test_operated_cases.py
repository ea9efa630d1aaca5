"""Integrators and administrators suspend cases they cannot open, and let them go on; the two never show a patient."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest
from django.test import Client

from accounts.models import AuditEvent
from common import clock
from tests.personas import Cast
from tests.portal.one_step_process import start_second_look
from workflows.models import Incident, ProcessInstance, UserTask

BrowserOf = Callable[..., Client]
WHY = "Zhang Wei's order is in question."


@pytest.fixture
def case(cast: Cast, tmp_path: Path) -> ProcessInstance:
    return start_second_look(cast, tmp_path)


@pytest.mark.parametrize("operator", ["ivo", "ines", "carla"])
def test_who_looks_after_a_sites_cases_suspends_one_and_lets_it_go_on(
    cast: Cast, case: ProcessInstance, browser_of: BrowserOf, operator: str
) -> None:
    person = getattr(cast, operator)
    browser, page = browser_of(person), f"/operations/cases/{case.uid}/"
    assert "Look again" in browser.get("/operations/cases/").content.decode()
    assert "Suspend the case…" in browser.get(page).content.decode()

    refused = browser.post(f"{page}suspend/", {"reason": " "}, follow=True).content.decode()
    assert "Say why, in 1000 characters at most." in refused
    done = browser.post(f"{page}suspend/", {"reason": WHY}, follow=True).content.decode()
    assert "The case is suspended: nothing is done in it until it goes on." in done
    assert "Case suspended" in done
    assert WHY not in done  # what people wrote freely is told in the case, to those who may open it
    assert str(case.uid) in browser.get("/operations/cases/?show=suspended").content.decode()
    again = browser.post(f"{page}suspend/", {"reason": WHY}, follow=True).content.decode()
    assert "This case is suspended already." in again

    done = browser.post(f"{page}resume/", follow=True).content.decode()
    assert "The case goes on." in done
    assert str(case.uid) not in browser.get("/operations/cases/?show=suspended").content.decode()
    lines = AuditEvent.objects.filter(action__in=["case.suspended", "case.resumed"]).order_by("id")
    assert list(lines.values_list("action", "person", "object_uid")) == [
        ("case.suspended", person.pk, str(case.uid)), ("case.resumed", person.pk, str(case.uid)),
    ]  # fmt: skip


@pytest.mark.parametrize("somebody", ["rosa", "rafael", "otto"])
def test_for_those_who_do_not_look_after_cases_the_pages_are_not_there(
    cast: Cast, case: ProcessInstance, browser_of: BrowserOf, somebody: str
) -> None:
    browser, page = browser_of(getattr(cast, somebody)), f"/operations/cases/{case.uid}/"

    assert browser.get("/operations/cases/").status_code == 404
    assert browser.get(page).status_code == 404
    assert browser.post(f"{page}suspend/", {"reason": WHY}).status_code == 404
    assert browser.post(f"{page}resume/").status_code == 404
    case.refresh_from_db()
    assert case.suspended_at is None


def test_cases_of_other_sites_are_not_there(cast: Cast, case: ProcessInstance, browser_of: BrowserOf) -> None:
    ProcessInstance.objects.update(site=cast.elsewhere)
    ivo = browser_of(cast.ivo)

    assert "No such case runs at your sites." in ivo.get("/operations/cases/").content.decode()
    assert ivo.get(f"/operations/cases/{case.uid}/").status_code == 404
    assert ivo.post(f"/operations/cases/{case.uid}/suspend/", {"reason": WHY}).status_code == 404


def test_an_incident_leads_to_its_case_and_the_list_counts_it(
    cast: Cast, case: ProcessInstance, browser_of: BrowserOf
) -> None:
    incident = Incident.objects.create(
        instance=case, element_id="Look", code="STUCK", message="Nothing is waited for", opened_at=clock.now()
    )
    ivo = browser_of(cast.ivo)

    assert f"/operations/cases/{case.uid}/" in ivo.get(f"/incidents/{incident.pk}/").content.decode()
    assert "/operations/cases/" in ivo.get("/incidents/").content.decode()
    (row,) = ivo.get("/operations/cases/?show=incidents").context["rows"]
    assert (row.case.pk, row.incidents, row.steps) == (case.pk, 1, ["Look again"])
    assert f"/incidents/{incident.pk}/" in ivo.get(f"/operations/cases/{case.uid}/").content.decode()


def test_the_pages_speak_chinese(cast: Cast, case: ProcessInstance, browser_of: BrowserOf) -> None:
    ivo = browser_of(cast.ivo, language="zh-hans")

    assert "进行中的病例" in ivo.get("/operations/cases/").content.decode()
    assert "挂起病例…" in ivo.get(f"/operations/cases/{case.uid}/").content.decode()


def test_a_list_of_fifty_takes_few_statements(
    cast: Cast,
    case: ProcessInstance,
    browser_of: BrowserOf,
    django_assert_max_num_queries: Callable[..., object],
) -> None:
    task = UserTask.objects.get()
    for number in range(50):
        case.pk, case.uid, case.start_key = None, uuid4(), f"more-{number}"
        case.save(force_insert=True)
        task.uid, task.instance = uuid4(), case
        task.save(force_insert=True)
    ivo = browser_of(cast.ivo)
    ivo.get("/operations/cases/")

    with django_assert_max_num_queries(8):  # type: ignore[attr-defined]
        assert len(ivo.get("/operations/cases/").context["rows"]) == 50
