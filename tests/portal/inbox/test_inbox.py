"""The inbox: who sees which row, in which order, and at what price."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Role
from tests.conftest import Clock
from tests.personas import Cast
from tests.portal.cases_in_work import make_case, make_order, offer_task
from tests.portal.real_case import case_to_assign
from workflows.models import UserTask

BrowserOf = Callable[..., Client]


def patients_shown(browser: Client, address: str = "/") -> list[str]:
    rows = browser.get(address).context["rows"]
    return [row.subject.patient.given_name for row in rows]


def test_a_task_of_my_role_and_one_of_mine_are_in_my_inbox(cast: Cast, browser_of: BrowserOf) -> None:
    offer_task(make_case(make_order(cast, 1, given_name="Role")), site=cast.provincial)
    offer_task(make_case(make_order(cast, 2, given_name="Mine")), site=cast.provincial, assignee=cast.rosa)

    assert set(patients_shown(browser_of(cast.rosa))) == {"Role", "Mine"}


@pytest.mark.parametrize("username", ["otto", "theo", "carla", "ines"])
def test_people_the_task_is_not_for_see_an_empty_inbox(
    cast: Cast, browser_of: BrowserOf, username: str
) -> None:
    offer_task(make_case(make_order(cast)), site=cast.provincial)

    answer = browser_of(getattr(cast, username)).get("/")

    assert answer.context["rows"] == []
    assert "Nothing waits for you." in answer.content.decode()
    assert "Zhang" not in answer.content.decode()


def test_somebody_not_signed_in_is_asked_to(client: Client, db: None) -> None:
    assert client.get("/").headers["Location"] == "/sign-in/?next=/"


def test_the_most_urgent_stands_first_then_what_waits_longest(
    cast: Cast, browser_of: BrowserOf, clock: Clock
) -> None:
    for number, priority in enumerate(["ROUTINE", "ROUTINE", "URGENT", "STAT"]):
        order = make_order(cast, number, priority=priority, given_name=f"{priority}{number}")
        offer_task(make_case(order), site=cast.provincial)
        clock.advance(dt.timedelta(minutes=1))

    assert patients_shown(browser_of(cast.rosa)) == ["STAT3", "URGENT2", "ROUTINE0", "ROUTINE1"]


@pytest.mark.parametrize(
    ("chip", "expected"),
    [
        ("all", {"Role", "Mine", "Late", "Stat"}),
        ("mine", {"Mine"}),
        ("role", {"Role", "Late", "Stat"}),
        ("overdue", {"Late"}),
        ("stat", {"Stat"}),
        ("nonsense", {"Role", "Mine", "Late", "Stat"}),
    ],
)
def test_the_chip_in_the_address_narrows_the_list(
    cast: Cast, browser_of: BrowserOf, clock: Clock, chip: str, expected: set[str]
) -> None:
    due = clock.now + dt.timedelta(hours=1)
    site = cast.provincial
    offer_task(make_case(make_order(cast, 1, given_name="Role")), site=site)
    offer_task(make_case(make_order(cast, 2, given_name="Mine")), site=site, assignee=cast.rosa)
    offer_task(make_case(make_order(cast, 3, given_name="Late")), site=site, due_at=due)
    offer_task(make_case(make_order(cast, 4, given_name="Stat", priority="STAT")), site=site)
    clock.advance(dt.timedelta(hours=2))

    assert set(patients_shown(browser_of(cast.rosa), f"/?show={chip}")) == expected


def test_fifty_rows_cost_at_most_eight_statements_however_many_cases_there_are(
    cast: Cast, browser_of: BrowserOf
) -> None:
    for number in range(60):
        offer_task(make_case(make_order(cast, number)), site=cast.provincial)
    browser = browser_of(cast.rosa)
    browser.get("/")

    with CaptureQueriesContext(
        connection,
    ) as statements:
        answer = browser.get("/")

    assert len(answer.context["rows"]) == 50
    assert len(statements) <= 8, [each["sql"] for each in statements]


def test_more_rows_are_one_click_away(cast: Cast, browser_of: BrowserOf) -> None:
    for number in range(51):
        offer_task(make_case(make_order(cast, number)), site=cast.provincial)
    browser = browser_of(cast.rosa)

    first = browser.get("/")
    more = browser.get(first.context["more_address"])

    assert (len(first.context["rows"]), len(more.context["rows"])) == (50, 51)


def test_claiming_makes_the_task_mine_and_giving_back_undoes_it(cast: Cast, browser_of: BrowserOf) -> None:
    case_to_assign(cast, make_order(cast))
    task = UserTask.objects.get(role=Role.COORDINATOR)
    browser = browser_of(cast.carla)

    browser.post(f"/inbox/{task.uid}/claim/")
    claimed = UserTask.objects.get(pk=task.pk)
    browser.post(f"/inbox/{task.uid}/release/")
    released = UserTask.objects.get(pk=task.pk)

    assert (claimed.assignee, claimed.status) == (cast.carla, "claimed")
    assert (released.assignee, released.status) == (None, "ready")


def test_somebody_elses_task_cannot_be_claimed_and_looks_absent(cast: Cast, browser_of: BrowserOf) -> None:
    task = offer_task(make_case(make_order(cast)), site=cast.provincial)

    answer = browser_of(cast.otto).post(f"/inbox/{task.uid}/claim/")

    assert answer.status_code == 404
    assert UserTask.objects.get(pk=task.pk).assignee is None


def test_rows_carry_what_the_keys_and_the_socket_need(cast: Cast, browser_of: BrowserOf) -> None:
    offer_task(make_case(make_order(cast)), site=cast.provincial)

    page = browser_of(cast.rosa).get("/").content.decode()

    assert 'data-live="inbox"' in page
    assert "data-rows" in page
    assert "data-open" in page
    assert "data-claim" in page


def test_the_inbox_speaks_chinese_to_who_reads_chinese(cast: Cast, browser_of: BrowserOf) -> None:
    offer_task(make_case(make_order(cast, priority="STAT")), site=cast.provincial)

    page = browser_of(cast.rosa, language="zh-hans").get("/").content.decode()

    for words in ("收件箱", "特急", "阅片并报告", "县医院", "男", "认领"):
        assert words in page
