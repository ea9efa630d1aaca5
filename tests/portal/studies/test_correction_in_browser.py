"""A person rejects a series in a real browser, sees what follows first, and takes it back."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from archive.studies.models import Instance
from tests.portal.stored_images import store_ct
from tests.portal.studies.test_choosing_the_patient import known
from tests.portal.test_in_the_browser import chromium, live_cast, window_of

__all__ = ["chromium", "live_cast", "window_of"]

pytestmark = pytest.mark.browser


def test_a_series_is_rejected_after_its_consequences_were_read_and_put_back(live_cast, window_of):
    store_ct(live_cast.county, slices=2)
    store_ct(live_cast.county, series="1.2.3.5", slices=3, SeriesDescription="Blurred", SeriesNumber=3)
    window = window_of(live_cast.theo)
    page = window.open("/studies/1.2.3/")

    page.get_by_role("link", name="Correct", exact=True).click()
    page.locator("#correction-kind").select_option("reject")
    page.get_by_label("CT 3 Blurred").check()
    page.locator("#correction-reason").select_option("113001")
    page.locator("#correction-comment").fill("The patient moved")
    page.get_by_role("button", name="Show what will follow").click()
    expect(page.locator("[data-confirm-correction]")).to_contain_text("3 instances")
    assert Instance.objects.count() == 5

    page.get_by_role("button", name="Withdraw the images").click()
    expect(page.locator('[data-correction="reject"]')).to_contain_text("3 instances")
    assert Instance.objects.count() == 2

    page.get_by_role("button", name="Undo").click()
    expect(page.locator('[data-correction="reject"]')).to_contain_text("Undone")
    assert Instance.objects.count() == 5
    assert window.complaints == []


def test_the_right_patient_of_a_split_is_found_by_name_and_chosen_with_the_keyboard(live_cast, window_of):
    store_ct(live_cast.county, slices=2)
    store_ct(live_cast.county, series="1.2.3.5", slices=3, SeriesDescription="Of another", SeriesNumber=3)
    known(live_cast.county, "Zhao", "Lei", "C-2003", ideographic="赵磊")
    window = window_of(live_cast.theo)
    page = window.open("/studies/1.2.3/correct/")
    expect(page.locator("#correction-patient")).to_be_hidden()

    page.locator("#correction-kind").select_option("split")
    expect(page.locator("#correction-reason")).to_be_hidden()
    page.get_by_label("CT 3 Of another").check()
    page.locator("#correction-patient").focus()
    page.keyboard.type("zhao")
    expect(page.get_by_role("radio")).to_have_count(1)
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.locator("#correction-comment").fill("Two patients in one study")
    page.get_by_role("button", name="Show what will follow").click()

    expect(page.locator("[data-confirm-correction]")).to_contain_text("a study of 赵磊 · Lei Zhao")
    assert window.complaints == []
