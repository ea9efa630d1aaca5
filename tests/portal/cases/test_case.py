"""The page of a case: who may open it, what it shows, and what opening it leaves behind."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import AuditEvent
from tests.personas import Cast
from tests.portal.cases_in_work import make_case, make_order, offer_task
from tests.portal.real_case import case_to_read
from workflows.models import ProcessInstance

BrowserOf = Callable[..., Client]
PARTS = ("", "state/", "images/", "documents/", "task/", "diagram.json")


@pytest.fixture
def case(cast: Cast) -> ProcessInstance:
    case = make_case(make_order(cast))
    offer_task(case, site=cast.provincial, assignee=cast.rosa)
    return case


@pytest.mark.parametrize("part", PARTS)
def test_who_has_a_task_in_it_or_sees_cases_at_its_site_opens_every_part(
    cast: Cast, browser_of: BrowserOf, case: ProcessInstance, part: str
) -> None:
    for person in (cast.rosa, cast.rafael):
        assert browser_of(person).get(f"/cases/{case.uid}/{part}").status_code == 200


@pytest.mark.parametrize("part", PARTS)
def test_otto_gets_the_same_404_as_for_a_case_that_is_not_there(
    cast: Cast, browser_of: BrowserOf, case: ProcessInstance, part: str
) -> None:
    browser = browser_of(cast.otto)

    hidden = browser.get(f"/cases/{case.uid}/{part}")
    absent = browser.get(f"/cases/{uuid.uuid4()}/{part}")

    assert (hidden.status_code, absent.status_code) == (404, 404)
    assert "Zhang" not in hidden.content.decode()


def test_otto_does_not_find_it_in_the_list_either(
    cast: Cast, browser_of: BrowserOf, case: ProcessInstance
) -> None:
    assert browser_of(cast.otto).get("/cases/").context["rows"] == []


def test_opening_a_case_is_in_the_audit_trail(
    cast: Cast, browser_of: BrowserOf, case: ProcessInstance
) -> None:
    browser_of(cast.rosa).get(f"/cases/{case.uid}/")

    line = AuditEvent.objects.get(action="case.opened")
    assert (line.person, line.object_uid, line.site_code) == (cast.rosa, str(case.uid), "county")
    assert line.study_instance_uid == case.subjects.get(kind="study").uid


def test_the_banner_names_the_patient_in_all_scripts_with_age_and_identifier(
    cast: Cast, browser_of: BrowserOf, case: ProcessInstance
) -> None:
    page = browser_of(cast.rosa).get(f"/cases/{case.uid}/").content.decode()

    banner = page[page.index("patient-banner") :][:1200]
    for words in ("张伟 · Wei Zhang", "Male", "born", "12 Apr 1958", "COUNTY", "C-1001"):
        assert words in banner


def test_signing_shows_the_patient_once_more(
    cast: Cast, browser_of: BrowserOf, case: ProcessInstance
) -> None:
    page = browser_of(cast.rosa).get(f"/cases/{case.uid}/").content.decode()

    assert page.count("张伟 · Wei Zhang") >= 3
    assert page.index("You sign for") < page.index("Sign report</button>")


def test_a_case_without_a_task_of_mine_is_read_only(
    cast: Cast, browser_of: BrowserOf, case: ProcessInstance
) -> None:
    page = browser_of(cast.rafael).get(f"/cases/{case.uid}/").content.decode()

    assert "data-draft" not in page
    assert "complete/" not in page
    assert "You see it read-only." in page


def test_the_diagram_marks_what_is_done_and_what_is_open(cast: Cast, browser_of: BrowserOf) -> None:
    case, _task = case_to_read(cast, make_order(cast))

    facts = browser_of(cast.rosa).get(f"/cases/{case.uid}/diagram.json").json()

    assert "ReadAndReport" in facts["active"]
    assert {"AssignExpert", "MakeOverview"} <= set(facts["completed"])
    assert facts["elements"]["ReadAndReport"]["word"] == "Open now"
    assert facts["elements"]["AssignExpert"]["actor"] == "carla"
    assert 'name="Read and report"' in facts["xml"]


def test_the_diagram_speaks_chinese_to_who_reads_chinese(
    cast: Cast, browser_of: BrowserOf, case: ProcessInstance
) -> None:
    facts = browser_of(cast.rosa, language="zh-hans").get(f"/cases/{case.uid}/diagram.json").json()

    assert 'name="阅片并报告"' in facts["xml"]


def test_a_part_the_page_shows_already_is_not_sent_again(
    cast: Cast, browser_of: BrowserOf, case: ProcessInstance
) -> None:
    browser = browser_of(cast.rosa)
    page = browser.get(f"/cases/{case.uid}/")

    assert browser.get(page.context["task_address"]).status_code == 204
    assert browser.get(page.context["images_address"]).status_code == 204


def test_images_that_arrive_later_are_sent(cast: Cast, browser_of: BrowserOf) -> None:
    case, _task = case_to_read(cast, make_order(cast))
    browser = browser_of(cast.rosa)

    answer = browser.get(f"/cases/{case.uid}/images/?seen=1.1.receiving")

    assert answer.status_code == 200
    assert "Thin lung" in answer.content.decode()
