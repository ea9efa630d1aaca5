"""The team's tasks: for who assigns them, without a word of the patient, at a fixed price."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.personas import Cast
from tests.portal.cases_in_work import make_case, make_order, offer_task

BrowserOf = Callable[..., Client]


@pytest.mark.parametrize("who", ["carla", "ines"])
def test_who_assigns_tasks_sees_them_without_the_patient(cast: Cast, browser_of: BrowserOf, who: str) -> None:
    task = offer_task(make_case(make_order(cast)), site=cast.provincial, assignee=cast.rosa)
    browser = browser_of(getattr(cast, who))

    for address in ("/tasks/", f"/tasks/{task.uid}/"):
        page = browser.get(address).content.decode()
        assert "Rosa" in page
        assert "Zhang" not in page
        assert "C-1001" not in page


@pytest.mark.parametrize("who", ["rosa", "otto", "ivo", "theo"])
def test_nobody_else_opens_them(cast: Cast, browser_of: BrowserOf, who: str) -> None:
    task = offer_task(make_case(make_order(cast)), site=cast.provincial)
    browser = browser_of(getattr(cast, who))

    assert browser.get("/tasks/").status_code == 403
    assert browser.get(f"/tasks/{task.uid}/").status_code == 404
    assert browser.post(f"/tasks/{task.uid}/reassign/", {"to": "rosa", "reason": "x"}).status_code == 404


def test_fifty_rows_cost_at_most_eight_statements_and_the_rest_is_a_click_away(
    cast: Cast, browser_of: BrowserOf
) -> None:
    for number in range(55):
        offer_task(make_case(make_order(cast, number)), site=cast.provincial)
    browser = browser_of(cast.carla)
    browser.get("/tasks/")

    with CaptureQueriesContext(connection) as statements:
        first = browser.get("/tasks/")
    second = browser.get(first.context["more_address"])

    assert len(statements) <= 8, [each["sql"] for each in statements]
    shown = [row.task.uid for page in (first, second) for row in page.context["rows"]]
    assert (len(first.context["rows"]), len(shown), len(set(shown))) == (50, 55, 55)


@pytest.mark.parametrize(
    ("show", "count"), [("all", 2), ("free", 1), ("taken", 1), ("overdue", 0), ("odd", 2)]
)
def test_chips_narrow_the_list(cast: Cast, browser_of: BrowserOf, show: str, count: int) -> None:
    case = make_case(make_order(cast))
    offer_task(case, site=cast.provincial)
    offer_task(case, site=cast.provincial, assignee=cast.rosa)

    answer = browser_of(cast.carla).get(f"/tasks/?show={show}")

    assert len(answer.context["rows"]) == count


@pytest.mark.parametrize("name", ["site", "role", "show", "after"])
def test_a_nul_in_the_address_narrows_nothing(cast: Cast, browser_of: BrowserOf, name: str) -> None:
    offer_task(make_case(make_order(cast)), site=cast.provincial)

    answer = browser_of(cast.carla).get(f"/tasks/?{name}=%00")

    assert (answer.status_code, len(answer.context["rows"])) == (200, 1)
