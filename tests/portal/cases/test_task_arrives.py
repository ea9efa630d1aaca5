"""A step that becomes mine while I look at the case comes to the page by the address the page asks again."""

from __future__ import annotations

from collections.abc import Callable

from django.test import Client

from tests.personas import Cast
from tests.portal.cases_in_work import make_order
from tests.portal.real_case import case_to_read, read
from workflows.services import complete_user_task

BrowserOf = Callable[..., Client]


def test_the_county_doctor_gets_the_form_with_the_report_above_it(cast: Cast, browser_of: BrowserOf) -> None:
    case, _task = case_to_read(cast, make_order(cast))
    browser = browser_of(cast.rafael)
    page = browser.get(f"/cases/{case.uid}/")
    assert page.context["task"] is None

    read(case, cast.rosa, findings="Nodule of 8 mm", impression="Follow up")
    part = browser.get(page.context["task_address"]).content.decode()

    assert 'data-task-title="Acknowledge the report"' in part
    assert part.index("Follow up") < part.index("Acknowledge</button>")


def test_the_experts_form_leaves_once_the_report_is_signed(cast: Cast, browser_of: BrowserOf) -> None:
    case, _task = case_to_read(cast, make_order(cast))
    browser = browser_of(cast.rosa)
    page = browser.get(f"/cases/{case.uid}/")

    read(case, cast.rosa, findings="a", impression="b")

    assert "data-draft" not in browser.get(page.context["task_address"]).content.decode()


def test_who_assigns_anew_reads_who_declined_and_why(cast: Cast, browser_of: BrowserOf) -> None:
    case, task = case_to_read(cast, make_order(cast))

    complete_user_task(task, actor=cast.rosa, outcome="decline", data={"reason": "On leave until Monday"})
    page = browser_of(cast.carla).get(f"/cases/{case.uid}/")

    form = page.content.decode().partition("data-draft=")[2]
    assert form.index("Declined") < form.index("On leave until Monday") < form.index("Choose…")
    assert [str(one.state.word) for one in page.context["participants"]] == ["Waiting", "Declined", "Done"]


def test_the_expert_reads_the_note_of_the_coordinator(cast: Cast, browser_of: BrowserOf) -> None:
    case, task = case_to_read(cast, make_order(cast))
    complete_user_task(task, actor=cast.rosa, outcome="decline", data={"reason": "Not mine"})
    again = case.user_tasks.get(status="ready")
    note = {"expert": cast.rosa.username, "urgency_note": "Surgery at two"}
    complete_user_task(again, actor=cast.carla, outcome="assign", data=note)

    page = browser_of(cast.rosa).get(f"/cases/{case.uid}/")

    assert [one.notes for one in page.context["said_before"]] == [["Surgery at two"], ["Not mine"]]
