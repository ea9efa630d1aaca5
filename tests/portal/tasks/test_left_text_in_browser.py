"""What somebody has typed stays theirs in a real browser, though the step goes or nobody takes what they send."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from accounts.models import Person
from tests.personas import Cast
from tests.portal.chromium import NEEDS_CHROMIUM, pictures_in
from workflows.models import CaseComment, ProcessInstance, UserTask
from workflows.people.comments import MAX_TEXT
from workflows.services import cancel_process, claim_user_task, release_user_task

pytestmark = NEEDS_CHROMIUM
picture = pictures_in("TASK_PICTURES")
Desk = Callable[..., Page]
GONE = "This step has gone on without this form. What you typed is below, for you to copy."


@pytest.fixture
def typing(live_cast: Cast, case: ProcessInstance, desk_of: Desk) -> Page:
    """Rosa's page of the step, with a form and a reason that she has begun to fill in, the keyboard still in it."""
    page = desk_of(live_cast.rosa, f"/cases/{case.uid}/?tab=task")
    page.get_by_text("Decline…").click()
    page.locator("#decline-reason").fill("Not my field, I am afraid")
    page.get_by_label("Size in mm").fill("14")
    page.get_by_label("Critical finding").check()
    page.get_by_label("Your password").fill("never shown")
    page.get_by_label("Who was called").fill("Dr Rafael")
    expect(page.locator("[data-draft-state]")).to_have_text("Draft saved")
    return page


def fetched_again(page: Page) -> None:
    """The socket tells the page to fetch the part again; here the test does: the live server speaks no WebSocket."""
    page.evaluate("htmx.trigger('#case-task', 'live')")


@pytest.fixture
def case(case: ProcessInstance, live_cast: Cast) -> ProcessInstance:
    """The case, its step in Rosa's hands."""
    claim_user_task(UserTask.objects.get(instance=case), actor=live_cast.rosa)
    return case


def taken_by(li: Person, task: UserTask, live_cast: Cast) -> None:
    release_user_task(task, actor=live_cast.rosa)
    claim_user_task(task, actor=li)


def test_a_form_that_goes_while_somebody_types_leaves_the_text_where_the_keyboard_is(
    typing: Page, live_cast: Cast, li: Person, task: UserTask
) -> None:
    taken_by(li, task, live_cast)
    fetched_again(typing)

    expect(typing.locator(".held")).to_contain_text("Li Na has it.")
    expect(typing.get_by_role("alert")).to_have_text(GONE)
    expect(typing.locator("#left-text dd")).to_have_text(
        ["14", "✓", "Dr Rafael", "Not my field, I am afraid"]
    )
    expect(typing.locator("#left-text")).to_be_focused()
    picture(typing, "left_text")


def test_the_text_is_copied_by_keyboard_and_removed(
    typing: Page, live_cast: Cast, li: Person, task: UserTask
) -> None:
    taken_by(li, task, live_cast)
    fetched_again(typing)
    expect(typing.locator("#left-text")).to_be_focused()

    typing.keyboard.press("Tab")
    typing.keyboard.press("Enter")
    expect(typing.locator("#left-text [data-copied]")).to_have_text("Copied")
    typing.keyboard.press("Tab")
    typing.keyboard.press("Enter")
    expect(typing.locator("#left-text")).to_have_count(0)
    expect(typing.get_by_role("tab", name="In other hands")).to_be_focused()

    typing.get_by_role("tab", name="Conversation").click()
    typing.locator("#comment-text").focus()
    typing.keyboard.press("ControlOrMeta+v")
    assert typing.locator("#comment-text").input_value().split() == [
        *("Size", "in", "mm", "14", "Critical", "finding", "✓", "Who", "was", "called", "Dr", "Rafael"),
        *("Reason", "Not", "my", "field,", "I", "am", "afraid"),
    ]


def test_the_text_stays_within_reach_where_no_step_is_left_and_over_a_reload(
    typing: Page, live_cast: Cast, case: ProcessInstance
) -> None:
    cancel_process(case, reason="ordered twice", actor=live_cast.carla)
    fetched_again(typing)
    typing.get_by_role("tab", name="Images").click()
    typing.get_by_role("tab", name="What you typed").click()
    expect(typing.locator("#left-text dd").nth(2)).to_have_text("Dr Rafael")

    typing.reload()
    typing.get_by_role("tab", name="What you typed").click()
    expect(typing.locator("#left-text dd").nth(2)).to_have_text("Dr Rafael")
    typing.get_by_role("button", name="Remove this text").click()

    expect(typing.get_by_role("tab", name="What you typed")).to_have_count(0)
    expect(typing.get_by_role("tab", name="Images")).to_be_focused()


def test_the_form_that_comes_back_has_the_text_again(
    typing: Page, live_cast: Cast, li: Person, task: UserTask
) -> None:
    taken_by(li, task, live_cast)
    fetched_again(typing)
    expect(typing.locator("#left-text")).to_be_visible()

    release_user_task(task, actor=li)
    claim_user_task(task, actor=live_cast.rosa)
    fetched_again(typing)

    expect(typing.get_by_label("Size in mm")).to_have_value("14")
    expect(typing.locator("#decline-reason")).to_have_value("Not my field, I am afraid")
    expect(typing.locator("#left-text")).to_have_count(0)


def test_a_reason_that_came_too_late_is_shown_with_who_was_first(
    typing: Page, live_cast: Cast, li: Person, task: UserTask
) -> None:
    taken_by(li, task, live_cast)
    typing.get_by_role("button", name="Decline").click()

    expect(typing.get_by_role("alert")).to_contain_text("Li Na has taken this task. Nothing was sent.")
    expect(typing.locator(".refused-text dd")).to_have_text(["Not my field, I am afraid"])
    expect(typing.get_by_role("button", name="Copy")).to_be_visible()


def test_a_comment_that_no_server_takes_stays_typed_and_the_page_says_so(
    live_cast: Cast, case: ProcessInstance, desk_of: Desk
) -> None:
    page = desk_of(live_cast.rosa, f"/cases/{case.uid}/?tab=conversation")
    page.route("**/say/", lambda route: route.fulfill(status=502))
    page.locator("#comment-text").fill("Which phase is this?")
    page.get_by_role("button", name="Send").click()

    expect(page.get_by_role("alert")).to_contain_text("No answer came from the server.")
    expect(page.locator("#comment-text")).to_have_value("Which phase is this?")
    page.unroute("**/say/")
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".thread li")).to_have_count(1)
    expect(page.get_by_role("alert")).to_have_count(0)


def test_a_pasted_comment_is_refused_whole_rather_than_cut(
    live_cast: Cast, case: ProcessInstance, desk_of: Desk
) -> None:
    page = desk_of(live_cast.rosa, f"/cases/{case.uid}/?tab=conversation")
    page.locator("#comment-text").fill("x" * (MAX_TEXT + 1))
    page.get_by_role("button", name="Send").click()

    expect(page.locator("#comment-error")).to_have_text("At most 4000 characters.")
    assert len(page.locator("#comment-text").input_value()) == MAX_TEXT + 1
    assert not CaseComment.objects.exists()


def test_the_newest_of_a_long_conversation_is_in_sight(
    live_cast: Cast, case: ProcessInstance, desk_of: Desk
) -> None:
    page = desk_of(live_cast.rosa, f"/cases/{case.uid}/?tab=conversation")
    for text in ("first\n" * 40, "second\n" * 40, "third"):
        page.locator("#comment-text").fill(text)
        page.get_by_role("button", name="Send").click()
        expect(page.locator(".thread li").last).to_contain_text(text.strip()[:5])

    expect(page.get_by_text("third")).to_be_in_viewport()


KEPT = "Object.entries(sessionStorage).join().includes('Dr Rafael')"


@pytest.fixture
def left(typing: Page, live_cast: Cast, li: Person, task: UserTask) -> Page:
    """Rosa's page after the form has gone: the window has what she typed."""
    taken_by(li, task, live_cast)
    fetched_again(typing)
    expect(typing.locator("#left-text")).to_be_focused()
    assert typing.evaluate(KEPT)
    return typing


def test_what_was_typed_goes_from_a_shared_machine_with_who_typed_it(left: Page) -> None:
    left.locator(".person").click()
    left.get_by_role("button", name="Sign out").click()
    expect(left.get_by_role("button", name="Sign in")).to_be_visible()

    assert not left.evaluate(KEPT)


def test_who_signs_in_next_finds_nothing_of_a_session_that_ran_out(left: Page) -> None:
    left.evaluate("sessionStorage.setItem('person', 'another')")
    left.reload()

    assert not left.evaluate(KEPT)
    expect(left.locator("#left-text")).to_have_count(0)
