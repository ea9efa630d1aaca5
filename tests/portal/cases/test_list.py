"""The list of cases is told of its cases' changes and fetches itself again under the same filter."""

from __future__ import annotations

from collections.abc import Callable

from django.test import Client

from tests.personas import Cast
from tests.portal.cases_in_work import make_case, make_order

BrowserOf = Callable[..., Client]


def test_every_case_of_the_list_is_a_topic_it_listens_to(cast: Cast, browser_of: BrowserOf) -> None:
    cases = [make_case(make_order(cast, number)) for number in (1, 2)]

    answer = browser_of(cast.rafael).get("/cases/")

    topics = answer.context["topics"].split()
    assert set(topics) == {"inbox"} | {f"case:{case.uid}" for case in cases}
    assert f'data-live="{answer.context["topics"]}"' in answer.content.decode()


def test_the_list_alone_has_no_frame_and_keeps_the_filter(cast: Cast, browser_of: BrowserOf) -> None:
    running, ended = make_case(make_order(cast, 1)), make_case(make_order(cast, 2), status="completed")

    part = browser_of(cast.rafael).get("/cases/list/?status=running").content.decode()

    assert "<html" not in part
    assert str(running.uid) in part
    assert f"/cases/{ended.uid}/" not in part
    assert 'hx-get="/cases/list/?status=running"' in part


def test_a_case_that_waits_for_nobody_is_with_the_system(cast: Cast, browser_of: BrowserOf) -> None:
    make_case(make_order(cast))

    assert "With the system" in browser_of(cast.rafael).get("/cases/").content.decode()
