"""The inbox narrowed by lane, urgency and name: kept in the address, over chips, claims and what is fetched again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client

from tests.personas import Cast
from tests.portal.cases_in_work import make_case, make_order, offer_task
from tests.workflows.conftest import bundle, chain, install, user
from workflows.models import TaskCandidate, UserTask

BrowserOf = Callable[..., Client]
ONE = user("look") + '<bpmn:endEvent id="end"/>' + chain("start", "look", "end")


@pytest.fixture
def lanes(db: None, tmp_path: Path) -> None:
    """Two active processes in which radiologists work, each in a lane of its own."""
    for key, lane in (("First", "Experts"), ("Second", "Second readers")):
        files = {
            name: text.replace('name="Doctors"', f'name="{lane}"')
            for name, text in bundle(ONE, key=key).items()
        }
        install(files, tmp_path / key)


@pytest.fixture
def offered(cast: Cast, lanes: None) -> None:
    """A routine task in each lane, and a STAT one in the first."""
    for number, (name, lane, priority) in enumerate(
        [("Lung", "Experts", "ROUTINE"), ("Knee", "Second readers", "ROUTINE"), ("Head", "Experts", "STAT")]
    ):
        order = make_order(cast, number, given_name=name, priority=priority)
        task = offer_task(make_case(order), site=cast.provincial)
        UserTask.objects.filter(pk=task.pk).update(lane=lane)


def shown(browser: Client, query: str) -> list[str]:
    return [row.subject.patient.given_name for row in browser.get(f"/?{query}").context["rows"]]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["Head", "Lung", "Knee"]),
        ("lane=Experts", ["Head", "Lung"]),
        ("lane=Second+readers", ["Knee"]),
        ("lane=Nobody", []),
        ("priority=STAT", ["Head"]),
        ("priority=ROUTINE&lane=Experts", ["Lung"]),
        ("priority=ROUTINE&show=stat", []),
        ("priority=nonsense", ["Head", "Lung", "Knee"]),
        ("lane=%00", ["Head", "Lung", "Knee"]),
    ],
)
def test_the_list_is_narrowed_by_what_the_address_says(
    cast: Cast, offered: None, browser_of: BrowserOf, query: str, names: list[str]
) -> None:
    assert shown(browser_of(cast.rosa), query) == names


def test_the_choices_are_the_lanes_of_the_person_s_roles_and_the_one_in_use_is_chosen(
    cast: Cast, offered: None, browser_of: BrowserOf
) -> None:
    page = browser_of(cast.rosa).get("/?lane=Experts").content.decode()

    assert '<option value="Experts" selected>' in page
    assert '<option value="Second readers">' in page
    assert 'name="lane"' not in browser_of(cast.carla).get("/").content.decode()


def test_chips_claims_and_what_is_fetched_again_keep_the_choice(
    cast: Cast, offered: None, browser_of: BrowserOf
) -> None:
    browser = browser_of(cast.rosa)

    page = browser.get("/?lane=Experts&priority=STAT&show=role").content.decode()

    assert page.count("lane=Experts&amp;priority=STAT") >= 7 + 2  # seven chips, the claim, the list itself
    answer = browser.get("/inbox/list/?lane=Experts&priority=STAT&show=role")
    assert [row.subject.patient.given_name for row in answer.context["rows"]] == ["Head"]
    assert [chip.count for chip in answer.context["chips"]][:2] == [1, 0]  # counted within the choice


def test_by_name_shows_what_the_diagram_offers_to_this_very_person(
    cast: Cast, offered: None, browser_of: BrowserOf
) -> None:
    task = offer_task(make_case(make_order(cast, 9, given_name="Named")), site=cast.provincial)
    UserTask.objects.filter(pk=task.pk).update(has_candidates=True)
    task.refresh_from_db()
    TaskCandidate.objects.create(
        task=task, person=cast.rosa, rank=task.rank, due_by=task.due_by, offered_at=task.offered_at
    )

    assert shown(browser_of(cast.rosa), "show=named") == ["Named"]
    assert shown(browser_of(cast.carla), "show=named") == []


def test_an_empty_list_says_whether_it_was_narrowed(cast: Cast, lanes: None, browser_of: BrowserOf) -> None:
    browser = browser_of(cast.rosa)

    assert "Nothing here matches this filter." in browser.get("/?lane=Experts").content.decode()
    assert "New tasks appear here by themselves." in browser.get("/").content.decode()
