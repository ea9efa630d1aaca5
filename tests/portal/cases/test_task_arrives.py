"""A step that becomes mine while I look at the case comes to the page by the address the page asks again."""

from __future__ import annotations

from collections.abc import Callable

from django.test import Client

from tests.personas import Cast
from tests.portal.cases_in_work import make_order
from tests.portal.real_case import case_to_read
from workflows.services import complete_user_task

BrowserOf = Callable[..., Client]


def test_the_county_doctor_gets_the_form_with_the_report_above_it(cast: Cast, browser_of: BrowserOf) -> None:
    case, task = case_to_read(cast, make_order(cast))
    browser = browser_of(cast.rafael)
    page = browser.get(f"/cases/{case.uid}/")
    assert page.context["task"] is None

    complete_user_task(
        task, actor=cast.rosa, outcome="sign", data={"findings": "Nodule of 8 mm", "impression": "Follow up"}
    )
    part = browser.get(page.context["task_address"]).content.decode()

    assert 'data-task-title="Acknowledge the report"' in part
    assert part.index("Follow up") < part.index("Acknowledge</button>")


def test_the_experts_form_leaves_once_the_report_is_signed(cast: Cast, browser_of: BrowserOf) -> None:
    case, task = case_to_read(cast, make_order(cast))
    browser = browser_of(cast.rosa)
    page = browser.get(f"/cases/{case.uid}/")

    complete_user_task(task, actor=cast.rosa, outcome="sign", data={"findings": "a", "impression": "b"})

    assert "data-draft" not in browser.get(page.context["task_address"]).content.decode()
