"""My task's form: what it refuses, what it keeps, and what finishing it does."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from accounts.models import AuditEvent
from archive.reports.models import Report
from tests.conftest import Clock
from tests.personas import PASSWORD, Cast
from tests.portal.cases_in_work import make_order
from tests.portal.real_case import case_to_assign, case_to_read
from workflows.models import FormDraft, ProcessInstance, UserTask

BrowserOf = Callable[..., Client]
Reading = tuple[ProcessInstance, UserTask]


@pytest.fixture
def reading(cast: Cast) -> Reading:
    return case_to_read(cast, make_order(cast))


def save(browser: Client, task: UserTask, revision: int, **data: Any) -> Any:
    body = json.dumps({"revision": revision, "data": {"sign": data}})
    return browser.post(f"/cases/tasks/{task.uid}/draft/", body, content_type="application/json")


def complete(browser: Client, task: UserTask, *, password: str = PASSWORD, **fields: str) -> Any:
    return browser.post(f"/cases/tasks/{task.uid}/complete/", {**fields, "password": password})


@pytest.mark.parametrize(
    ("language", "sentence"), [("en", "Impression is required."), ("zh-hans", "请填写“诊断意见”。")]
)
def test_a_report_without_impression_is_refused_beside_the_field(
    cast: Cast, browser_of: BrowserOf, reading: Reading, language: str, sentence: str
) -> None:
    _case, task = reading

    answer = complete(
        browser_of(cast.rosa, language=language),
        task,
        outcome="sign",
        findings="Nodule of 8 mm",
        impression=" ",
    )

    page = answer.content.decode()
    assert answer.status_code == 422
    assert sentence in page[page.index('id="sign-impression"') :][:700]
    assert 'aria-invalid="true" aria-describedby="sign-impression-error"' in page
    assert ">Nodule of 8 mm</textarea>" in page
    assert not Report.objects.exists()
    assert UserTask.objects.get(pk=task.pk).status == "ready"


def test_a_field_the_form_does_not_have_is_refused_by_name(
    cast: Cast, browser_of: BrowserOf, reading: Reading
) -> None:
    answer = complete(
        browser_of(cast.rosa), reading[1], outcome="sign", findings="a", impression="b", price="1"
    )

    assert answer.status_code == 422
    assert "This form has no such field." in answer.content.decode()
    assert not Report.objects.exists()


def test_signing_makes_the_report_final_and_shows_it(
    cast: Cast, browser_of: BrowserOf, reading: Reading
) -> None:
    case, task = reading
    browser = browser_of(cast.rosa)

    answer = complete(
        browser, task, outcome="sign", findings="Nodule of 8 mm", impression="Follow up", is_critical="on"
    )

    report = Report.objects.get()
    assert answer.headers["Location"] == f"/cases/{case.uid}/"
    assert (report.status, report.author, report.is_critical) == ("final", cast.rosa, True)
    assert UserTask.objects.get(pk=task.pk).status == "completed"
    page = browser.get(f"/cases/{case.uid}/?tab=documents").content.decode()
    assert "Follow up" in page
    assert "Critical finding" in page


def test_a_report_is_signed_by_the_password_and_what_that_means_stays_in_the_case(
    cast: Cast, browser_of: BrowserOf, reading: Reading
) -> None:
    case, task = reading
    browser = browser_of(cast.rosa)
    text = {"findings": "Nodule of 8 mm", "impression": "Follow up"}

    for password, sentence in (("", "Sign with your password."), ("wrong", "This is not your password")):
        refused = complete(browser, task, outcome="sign", password=password, **text)
        page = refused.content.decode()
        assert refused.status_code == 422
        assert sentence in page[page.index('id="sign-password-error"') :][:400]
        assert ">Nodule of 8 mm</textarea>" in page
    assert not Report.objects.exists()
    complete(browser, task, outcome="sign", **text)

    meaning = "I have read these images myself and answer for this report."
    page = browser.get(f"/cases/{case.uid}/?tab=documents").content.decode()
    documents, state = page[page.index('id="case-documents"') :], page[page.index('id="case-state"') :]
    assert f'<q class="note">{meaning}</q>' in documents[: documents.index("</article>")]
    assert state.count(f'<q class="note">{meaning}</q>') == 1
    assert AuditEvent.objects.get(action="task.signed").detail["meaning"] == meaning
    line = next(
        one for one in browser.get(f"/api/cases/{case.uid}/history/").json()["results"] if one["signature"]
    )
    assert (line["kind"], line["signature"]["meaning"]["zh-hans"]) == (
        "task.completed", "本人已亲自阅片，并对本报告负责。",
    )  # fmt: skip


def test_declining_needs_a_reason_and_goes_back_to_the_coordinator(
    cast: Cast, browser_of: BrowserOf, reading: Reading
) -> None:
    case, task = reading
    browser = browser_of(cast.rosa)

    refused = complete(browser, task, outcome="decline", reason="")
    accepted = complete(browser, task, outcome="decline", reason="On leave")

    assert (refused.status_code, accepted.status_code) == (422, 302)
    waiting = UserTask.objects.get(instance=case, status="ready")
    assert waiting.element_id == "AssignExpert"


def test_the_coordinator_chooses_among_the_radiologists_with_their_load(
    cast: Cast, browser_of: BrowserOf
) -> None:
    case = case_to_assign(cast, make_order(cast))

    page = browser_of(cast.carla).get(f"/cases/{case.uid}/").content.decode()

    assert '<option value="rosa">Rosa (0 open tasks)</option>' in page
    assert 'value="otto"' not in page


def test_a_task_closed_meanwhile_is_told_and_nothing_is_signed_twice(
    cast: Cast, browser_of: BrowserOf, reading: Reading
) -> None:
    _case, task = reading
    browser = browser_of(cast.rosa)
    complete(browser, task, outcome="sign", findings="a", impression="b")

    answer = complete(browser, task, outcome="sign", findings="c", impression="d")

    assert answer.status_code == 404
    assert Report.objects.count() == 1


def test_otto_cannot_finish_or_draft_it_and_is_told_nothing(
    cast: Cast, browser_of: BrowserOf, reading: Reading
) -> None:
    browser = browser_of(cast.otto)

    assert complete(browser, reading[1], outcome="sign", findings="a", impression="b").status_code == 404
    assert save(browser, reading[1], 0, findings="a").status_code == 404
    assert not Report.objects.exists()


def test_a_draft_saves_and_is_there_again_after_a_reload(
    cast: Cast, browser_of: BrowserOf, reading: Reading
) -> None:
    case, task = reading
    browser = browser_of(cast.rosa)

    answer = save(browser, task, 0, findings="So far")

    assert (answer.status_code, answer.json()["revision"]) == (200, 1)
    assert ">So far</textarea>" in browser.get(f"/cases/{case.uid}/").content.decode()


def test_a_second_window_is_shown_the_others_text_instead_of_overwriting_it(
    cast: Cast, browser_of: BrowserOf, reading: Reading
) -> None:
    browser = browser_of(cast.rosa)
    save(browser, reading[1], 0, findings="First window")

    answer = save(browser, reading[1], 0, findings="Second window")

    body = answer.json()
    assert (answer.status_code, body["code"]) == (409, "DRAFT_CHANGED")
    assert body["data"]["sign"]["findings"] == "First window"
    assert FormDraft.objects.get().data["sign"]["findings"] == "First window"
    assert save(browser, reading[1], body["revision"], findings="Both").status_code == 200


def test_a_draft_after_the_sign_in_ran_out_is_refused_so_that_the_page_keeps_it(
    client: Client, reading: Reading
) -> None:
    assert save(client, reading[1], 0, findings="a").status_code == 401


@pytest.mark.parametrize(
    "body", ["", "[]", "{}", '{"revision": "1", "data": {}}', '{"revision": 1, "data": 3}']
)
def test_a_draft_that_is_none_is_refused(
    cast: Cast, browser_of: BrowserOf, reading: Reading, body: str
) -> None:
    answer = browser_of(cast.rosa).post(
        f"/cases/tasks/{reading[1].uid}/draft/", body, content_type="application/json"
    )

    assert answer.status_code == 400


def test_who_signs_in_without_a_password_is_asked_to_sign_in_again_and_then_signs(
    cast: Cast, browser_of: BrowserOf, reading: Reading, settings: Any, clock: Clock
) -> None:
    case, task = reading
    card = "django.contrib.auth.backends.RemoteUserBackend"
    settings.AUTHENTICATION_BACKENDS = [*settings.AUTHENTICATION_BACKENDS, card]
    browser = browser_of(cast.rosa)
    browser.force_login(cast.rosa, backend=card)
    clock.advance(timedelta(minutes=6))

    page = browser.get(f"/cases/{case.uid}/?tab=task").content.decode()
    assert 'name="password"' not in page
    assert page.count('form="sign-in-again"') == page.count('<form id="sign-in-again"') == 1
    refused = complete(browser, task, outcome="sign", findings="a", impression="b")
    assert (refused.status_code, Report.objects.count()) == (422, 0)
    assert "Sign in again, and sign within 5 minutes." in refused.content.decode()

    browser.force_login(cast.rosa, backend=card)
    assert "sign-in-again" not in browser.get(f"/cases/{case.uid}/?tab=task").content.decode()
    complete(browser, task, outcome="sign", findings="a", impression="b")
    assert Report.objects.get().author == cast.rosa
