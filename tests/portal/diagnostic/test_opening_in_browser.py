"""The ways into the diagnostic viewer, in a real browser: which studies it opens, and for whom."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.personas import Cast
from tests.portal.diagnostic.volumes import store_volume
from tests.portal.diagnostic.window import NEEDS_VIEWER, expect_pictures

pytestmark = NEEDS_VIEWER


def test_the_study_list_leads_to_a_study(live_cast: Cast, window_of: Any, shared_data: Path) -> None:
    store_volume(shared_data, "ct_chest", live_cast.county)
    window = window_of(live_cast.theo)

    window.page.goto(f"{window.address}/viewer/")
    window.page.get_by_text("01-Mar-2026").first.dblclick()

    expect_pictures(window.page, 1)
    assert window.complaints == []
    assert window.talk == [], "a console is no place for studies and patients"


def test_the_prior_hangs_beside_the_current_study(live_cast: Cast, window_of: Any, shared_data: Path) -> None:
    current = store_volume(shared_data, "ct_chest", live_cast.county)
    prior = store_volume(
        shared_data, "ct_chest", live_cast.county, study_uid="1.2.826.0.77.1", date="20250301"
    )
    window = window_of(live_cast.theo)

    window.page.goto(f"{window.address}/viewer/open/{current}")

    expect_pictures(window.page, 2)
    left, right = (window.page.locator(".viewport-element").nth(place).bounding_box() for place in (0, 1))
    assert left is not None
    assert right is not None
    assert (left["y"], left["width"]) == pytest.approx((right["y"], right["width"]), abs=2)
    assert window.asked_for(f"/studies/{prior}/series/") > 0
    assert window.complaints == []


def test_a_browser_of_another_site_and_one_signed_out_see_nothing(
    live_cast: Cast, window_of: Any, shared_data: Path
) -> None:
    uid = store_volume(shared_data, "ct_chest", live_cast.county)
    address = f"/viewer/viewer?StudyInstanceUIDs={uid}"

    for person, refusal in ((live_cast.otto, 404), (None, 200)):
        window = window_of(person)
        answer = window.page.goto(window.address + address)
        assert answer.status == refusal
        assert window.asked_for("/dicomweb/") == 0
    assert urlsplit(window.page.url).path.startswith("/sign-in")
