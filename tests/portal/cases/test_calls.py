"""A case that called another: each shows the other to who may see it."""

from __future__ import annotations

import pytest

from tests.workflows.calling.called_cases import OUTER, called, perform
from tests.workflows.calling.conftest import inner  # noqa: F401 - a fixture
from tests.workflows.conftest import begin, operators  # noqa: F401 - fixtures


@pytest.fixture
def caller(inner, begin):  # noqa: F811 - fixtures
    inner()
    case = begin(OUTER)
    perform()
    return case


def test_each_of_the_two_links_to_the_other(cast, browser_of, caller):
    browser = browser_of(cast.carla)

    outer = browser.get(f"/cases/{caller.uid}/").content.decode()
    assert f'href="/cases/{called().uid}/"' in outer
    assert "was called by this case" in outer

    within = browser.get(f"/cases/{called().uid}/").content.decode()
    assert f'href="/cases/{caller.uid}/"' in within
    assert "called this case" in within


def test_the_words_are_chinese_too(cast, browser_of, caller):
    page = browser_of(cast.carla, language="zh-hans").get(f"/cases/{caller.uid}/").content.decode()

    assert "由本病例调用" in page


def test_a_case_without_calls_says_nothing_of_them(cast, browser_of, begin):  # noqa: F811
    from_nobody = begin(
        '<bpmn:endEvent id="end"/><bpmn:sequenceFlow id="f" sourceRef="start" targetRef="end"/>'
    )

    page = browser_of(cast.carla).get(f"/cases/{from_nobody.uid}/").content.decode()

    assert "called" not in page


def test_programs_are_told_too(cast, client, caller):
    client.force_login(cast.carla)

    outer = client.get(f"/api/cases/{caller.uid}/").json()["calls"]
    within = client.get(f"/api/cases/{called().uid}/").json()["calls"]

    assert outer == [
        {"uid": str(called().uid), "process": "Inner", "status": "running", "outcome": "", "is_caller": False}
    ]
    assert [(each["uid"], each["is_caller"]) for each in within] == [(str(caller.uid), True)]
