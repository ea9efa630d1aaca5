"""A suspended case on its page, in the inbox and in the list: said everywhere, and let go on by who may."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client

from tests.personas import Cast
from tests.portal.one_step_process import start_second_look
from workflows.models import ProcessInstance, UserTask

BrowserOf = Callable[..., Client]
WHY = "The order names another patient."


@pytest.fixture
def case(cast: Cast, tmp_path: Path) -> ProcessInstance:
    return start_second_look(cast, tmp_path)


@pytest.fixture
def suspended(cast: Cast, case: ProcessInstance, browser_of: BrowserOf) -> ProcessInstance:
    browser_of(cast.carla).post(f"/cases/{case.uid}/suspend/", {"reason": WHY})
    return case


def test_who_looks_after_cases_suspends_one_with_a_reason(
    cast: Cast, case: ProcessInstance, browser_of: BrowserOf
) -> None:
    carla = browser_of(cast.carla)
    assert "Suspend the case…" in carla.get(f"/cases/{case.uid}/").content.decode()

    refused = carla.post(f"/cases/{case.uid}/suspend/", {"reason": " "}, follow=True).content.decode()
    assert "Say why, in 1000 characters at most." in refused
    page = carla.post(f"/cases/{case.uid}/suspend/", {"reason": WHY}, follow=True).content.decode()

    for words in ("The case is suspended", "Let the case go on", WHY, "Case suspended"):
        assert words in page, words


def test_its_task_is_shown_as_suspended_and_cannot_be_finished(
    cast: Cast, suspended: ProcessInstance, browser_of: BrowserOf
) -> None:
    rosa, task = browser_of(cast.rosa), UserTask.objects.get()

    page = rosa.get(f"/cases/{suspended.uid}/?tab=task").content.decode()
    assert "This case was suspended" in page
    assert WHY in page
    assert ">Agree</button>" not in page
    assert "Let the case go on" not in page  # she does not look after cases
    inbox = rosa.get("/").content.decode()
    assert "data-claim" not in inbox
    assert ">Suspended</span>" in inbox
    answer = rosa.post(
        f"/cases/tasks/{task.uid}/complete/", {"outcome": "agree", "impression": "Nodule of 8 mm"}
    )

    assert answer.status_code == 409
    assert "This case is suspended. Nothing can be done in it until it goes on." in answer.content.decode()
    assert "Nodule of 8 mm" in answer.content.decode()  # what was typed stays
    assert ">Suspended</span>" in rosa.get("/cases/").content.decode()


def test_the_form_is_fetched_again_when_the_case_is_suspended_and_goes_on(
    cast: Cast, suspended: ProcessInstance, browser_of: BrowserOf
) -> None:
    rosa = browser_of(cast.rosa)
    seen = rosa.get(f"/cases/{suspended.uid}/").context["task_seen"]
    assert rosa.get(f"/cases/{suspended.uid}/task/?seen={seen}").status_code == 204

    page = browser_of(cast.carla).post(f"/cases/{suspended.uid}/resume/", follow=True).content.decode()
    assert "The case goes on." in page

    answer = browser_of(cast.rosa).get(f"/cases/{suspended.uid}/task/?seen={seen}")
    assert ">Agree</button>" in answer.content.decode()


def test_others_may_not(cast: Cast, case: ProcessInstance, browser_of: BrowserOf) -> None:
    page = browser_of(cast.rosa).post(f"/cases/{case.uid}/suspend/", {"reason": WHY}, follow=True)
    assert "Only those who look after the cases of this site may do this." in page.content.decode()
    assert browser_of(cast.otto).post(f"/cases/{case.uid}/suspend/", {"reason": WHY}).status_code == 404
    case.refresh_from_db()
    assert case.suspended_at is None
