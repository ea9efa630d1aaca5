"""A group that is filled in as often as needed, by keyboard alone, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from accounts.models import Person
from tests.personas import Cast
from tests.portal.chromium import NEEDS_CHROMIUM, pictures_in
from tests.portal.one_step_process import start_one_step
from tests.workflows.forms.test_groups import NODULES, form
from workflows.models import FormDraft, ProcessInstance, UserTask

pytestmark = NEEDS_CHROMIUM
picture = pictures_in("TASK_PICTURES")
Desk = Callable[..., Page]


@pytest.fixture
def case(live_cast: Cast, tmp_path: Path) -> ProcessInstance:
    return start_one_step(live_cast, tmp_path, form(), subjects={"study": "1.2.3"})


@pytest.fixture
def case_without_rows(live_cast: Cast, tmp_path: Path) -> ProcessInstance:
    """Its form asks for two texts, and then for as many nodules as there are."""
    made = form({key: value for key, value in NODULES.items() if key != "minItems"})
    done = made["outcomes"]["done"]
    texts = {"impression": ("Impression", "诊断意见"), "by": ("Read by", "阅片者")}
    asked = {name: {"type": "string", "title": english} for name, (english, _) in texts.items()}
    done["schema"]["properties"] = asked | done["schema"]["properties"]
    done["x-i18n"]["zh-hans"]["properties"] |= {
        name: {"title": chinese} for name, (_, chinese) in texts.items()
    }
    return start_one_step(live_cast, tmp_path, made, subjects={"study": "1.2.3"})


def sizes(page: Page) -> list[str]:
    fields = page.locator("[data-row-list]").get_by_label("Size in mm")
    return [fields.nth(number).input_value() for number in range(fields.count())]


def test_rows_are_added_filled_in_and_removed_by_keyboard_and_kept_over_a_reload(
    live_cast: Cast, case: ProcessInstance, desk_of: Desk
) -> None:
    page = desk_of(live_cast.rosa, f"/cases/{case.uid}/?tab=task")
    add = page.get_by_role("button", name="Add to “Nodules”")
    expect(page.locator("[data-row-entry]")).to_have_count(1)
    expect(page.get_by_role("button", name="Remove Nodules 1")).to_be_hidden()  # one there must be

    page.get_by_label("Size in mm").fill("11")
    for size in ("22", "33"):
        add.focus()
        page.keyboard.press("Enter")
        page.keyboard.type(size)  # the new row has the focus
    expect(add).to_be_disabled()
    assert sizes(page) == ["11", "22", "33"]
    picture(page, "group")
    page.get_by_role("button", name="Remove Nodules 2").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Remove Nodules 2")).to_be_focused()
    assert sizes(page) == ["11", "33"]
    expect(page.locator("[data-draft-state]")).to_have_text("Draft saved")
    page.reload()

    assert sizes(page) == ["11", "33"]
    assert [row["size_mm"] for row in FormDraft.objects.get().data["done"]["nodules"]] == ["11", "33"]


def test_what_is_wrong_stands_in_its_row_and_then_the_task_is_finished(
    live_cast: Cast, case: ProcessInstance, desk_of: Desk
) -> None:
    page = desk_of(live_cast.rosa, f"/cases/{case.uid}/?tab=task")
    page.get_by_label("Size in mm").fill("11")
    page.get_by_role("button", name="Add to “Nodules”").click()
    page.get_by_label("Side").nth(1).select_option("left")
    page.get_by_role("button", name="Done").click()

    expect(page.locator("#done-nodules-1-size_mm-error")).to_have_text(
        "Nodules, row 2: Size in mm is required."
    )
    expect(page.get_by_label("Size in mm").nth(1)).to_be_focused()
    expect(page.get_by_label("Side").nth(1)).to_have_value("left")
    picture(page, "group-refused")
    page.reload()  # asks for the page, and does not send the form once more
    expect(page).to_have_url(re.compile(rf"/cases/{case.uid}/\?tab=task$"))
    expect(page.get_by_label("Side").nth(1)).to_have_value("left")
    with page.expect_response(lambda answer: answer.url.endswith("/draft/") and answer.ok):
        page.get_by_label("Size in mm").nth(1).fill("7")
    expect(page.locator("[data-draft-state]")).to_have_text("Draft saved")
    expect(page.locator("[data-conflict]")).to_be_hidden()
    page.reload()
    assert sizes(page) == ["11", "7"]
    page.get_by_role("button", name="Done").click()

    expect(page.locator(".notice.success")).to_contain_text("Done: Done.")
    assert UserTask.objects.get().status == "completed"


def test_two_windows_show_their_rows_side_by_side_and_one_is_taken(
    live_cast: Cast, case: ProcessInstance, desk_of: Desk
) -> None:
    first = desk_of(live_cast.rosa, f"/cases/{case.uid}/?tab=task")
    second = desk_of(live_cast.rosa, f"/cases/{case.uid}/?tab=task")
    first.get_by_label("Size in mm").fill("11")
    first.get_by_role("button", name="Add to “Nodules”").click()
    first.get_by_label("Size in mm").nth(1).fill("12")
    expect(first.locator("[data-draft-state]")).to_have_text("Draft saved")
    second.get_by_label("Size in mm").fill("99")

    expect(second.locator("[data-theirs]")).to_contain_text("Nodules 2")
    expect(second.locator("[data-mine]")).to_contain_text("99")
    second.get_by_role("button", name="Take what is in the other window").click()
    assert sizes(second) == ["11", "12"]


def test_two_windows_list_their_texts_in_the_order_of_the_form_and_no_group_without_rows(
    live_cast: Cast, case_without_rows: ProcessInstance, desk_of: Desk
) -> None:
    first = desk_of(live_cast.rosa, f"/cases/{case_without_rows.uid}/?tab=task")
    second = desk_of(live_cast.rosa, f"/cases/{case_without_rows.uid}/?tab=task")
    first.get_by_label("Impression").fill("clear")
    expect(first.locator("[data-draft-state]")).to_have_text("Draft saved")
    second.get_by_label("Read by").fill("Rosa")
    second.get_by_label("Impression").fill("not clear")

    expect(second.locator("[data-mine] dt")).to_have_text(["Impression", "Read by"])
    expect(second.locator("[data-theirs] dt")).to_have_text(["Impression", "Read by"])


def test_a_group_is_read_in_chinese(live_cast: Cast, case: ProcessInstance, desk_of: Desk) -> None:
    Person.objects.update(language="zh-hans")
    page = desk_of(live_cast.rosa, f"/cases/{case.uid}/?tab=task")

    expect(page.get_by_role("button", name="添加到“结节”")).to_be_visible()
    expect(page.get_by_label("大小（毫米）")).to_be_visible()
    picture(page, "group-zh")


def test_without_scripts_rows_come_and_go_by_buttons_and_what_was_typed_stays(
    live_cast: Cast, case: ProcessInstance, desk_of: Desk
) -> None:
    page = desk_of(live_cast.rosa, f"/cases/{case.uid}/?tab=task", scripts=False)
    page.get_by_label("Size in mm").fill("11")
    page.get_by_role("button", name="Add to “Nodules”").click()
    page.get_by_label("Size in mm").nth(1).fill("22")
    page.get_by_label("Side").nth(1).select_option("right")
    page.get_by_label("Where it lies").nth(1).select_option(["upper", "hilar"])
    page.get_by_label("Found on").nth(1).fill("2026-03-02")
    page.get_by_label("New").nth(1).check()
    page.get_by_role("button", name="Add to “Nodules”").click()
    expect(page.get_by_role("button", name="Add to “Nodules”")).to_have_count(0)  # three at most
    picture(page, "group-without-scripts")
    page.get_by_role("button", name="Remove Nodules 1").click()

    assert sizes(page) == ["22", ""]
    expect(page.get_by_label("Side").first).to_have_value("right")
    expect(page.get_by_label("Where it lies").first).to_have_values(["upper", "hilar"])
    expect(page.get_by_label("Found on").first).to_have_value("2026-03-02")
    expect(page.get_by_label("New").first).to_be_checked()
    page.get_by_label("Size in mm").nth(1).fill("33")
    page.get_by_role("button", name="Done").click()
    expect(page.locator(".notice.success")).to_contain_text("Done: Done.")
    assert UserTask.objects.get().status == "completed"
