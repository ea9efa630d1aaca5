"""A study of the patient is picked in a form, in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.personas import Cast
from tests.portal.chromium import NEEDS_CHROMIUM, pictures_in
from tests.portal.tasks.compared_studies import Compared, start_comparing
from workflows.case_data import data_of
from workflows.models import UserTask

pytestmark = NEEDS_CHROMIUM
picture = pictures_in("TASK_PICTURES")
Desk = Callable[..., Page]


@pytest.fixture
def compared(live_cast: Cast, tmp_path: Path) -> Compared:
    return start_comparing(live_cast, tmp_path)


def test_a_study_is_picked_kept_over_a_reload_and_known_to_the_case(
    live_cast: Cast, compared: Compared, desk_of: Desk
) -> None:
    page = desk_of(live_cast.rosa, f"/cases/{compared.case.uid}/?tab=task")
    picker = page.get_by_label("Earlier study")
    expect(picker.locator("option")).to_have_count(3)  # "Choose…", the case's own, and the earlier one
    expect(picker.locator("option").nth(2)).to_contain_text("CT a year ago")
    page.get_by_role("button", name="Compare them").click()
    expect(page.locator("#compare-earlier-error")).to_have_text("Earlier study is required.")

    picker.select_option(compared.earlier)
    expect(page.locator("[data-draft-state]")).to_have_text("Draft saved")
    page.reload()
    expect(picker).to_have_value(compared.earlier)
    picture(page, "study_picker")
    page.get_by_role("button", name="Compare them").click()

    expect(page.locator(".notice.success")).to_contain_text("Done: Compare them.")
    assert data_of(compared.case)["Look"]["earlier"] == compared.earlier


def test_a_study_of_another_patient_slipped_into_the_page_is_refused_beside_the_field(
    live_cast: Cast, compared: Compared, desk_of: Desk
) -> None:
    page = desk_of(live_cast.rosa, f"/cases/{compared.case.uid}/?tab=task")
    picker = page.get_by_label("Earlier study")
    picker.locator("option").nth(2).evaluate(
        "(option, uid) => { option.value = uid }", compared.of_somebody_else
    )
    picker.select_option(compared.of_somebody_else)
    page.get_by_role("button", name="Compare them").click()

    expect(page.locator("#compare-earlier-error")).to_have_text(
        "Earlier study: choose one of the offered values."
    )
    expect(picker).to_be_focused()
    expect(page.get_by_text("CT of a stranger")).to_have_count(0)
    assert UserTask.objects.get().status == "ready"
