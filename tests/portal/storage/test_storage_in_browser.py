"""An administrator adds a volume in a real browser, empties it again, and brings a deleted study back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from accounts.models import Membership
from archive.lifecycle.volumes import default_volume
from archive.storage.models import Volume
from archive.studies.models import Study
from tests.personas import make_cast
from tests.portal.chromium import NEEDS_CHROMIUM, pictures_in, watched
from tests.portal.stored_images import store_ct

pytestmark = [*NEEDS_CHROMIUM, pytest.mark.django_db(transaction=True)]
picture = pictures_in("STORAGE_PICTURES")


@pytest.fixture
def page(transactional_db, live_server) -> Iterator[Page]:
    cast = make_cast()
    Membership.objects.create(person=cast.ines, site=cast.county, role="administrator")
    store_ct(cast.county)
    default_volume()
    with watched(cast.ines, f"{live_server.url}/storage/") as opened:
        yield opened


def test_a_volume_is_added_emptied_and_used_again(page: Page, tmp_path) -> None:
    expect(page.get_by_role("row").filter(has_text="new images arrive here")).to_be_visible()

    page.get_by_label("Name").fill("cold")
    page.get_by_label("Where it is").fill(f"file://{tmp_path / 'cold'}")
    page.get_by_label("Tier").select_option("cold")
    page.get_by_role("button", name="Try it and add it").click()

    row = page.get_by_role("row").filter(has_text="cold")
    row.get_by_role("button", name="Move everything elsewhere").click()
    expect(row.get_by_role("button", name="Stop reading from it")).to_be_visible()
    picture(page, "volumes")
    row.get_by_role("button", name="Use it again").click()
    expect(row.get_by_role("button", name="Move everything elsewhere")).to_be_visible()
    assert Volume.objects.get(name="cold").state == Volume.State.ONLINE


def test_a_store_nobody_speaks_is_refused_in_words(page: Page) -> None:
    page.get_by_label("Name").fill("gone")
    page.get_by_label("Where it is").fill("gopher://hole")
    page.get_by_role("button", name="Try it and add it").click()

    expect(page.get_by_text("names a gopher store")).to_be_visible()
    picture(page, "refused")
    assert not Volume.objects.filter(name="gone").exists()


def test_a_deleted_study_is_brought_back(page: Page) -> None:
    study = Study.objects.get().study_instance_uid
    page.get_by_role("link", name="Holds").click()
    picture(page, "holds")
    deletion = page.locator("form[action$='/deletions/']")
    deletion.locator("[name=study]").fill(study)
    deletion.locator("[name=reason]").fill("Wrong hospital")
    deletion.get_by_role("button").click()

    back = page.get_by_role("button", name="Bring the study back")
    expect(back).to_be_visible()
    assert not Study.objects.exists()
    back.click()
    expect(back).to_have_count(0)
    assert Study.objects.get().study_instance_uid == study
