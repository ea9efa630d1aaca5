"""A designer writes a script in a real browser: sees the line that is refused, the tests pass, puts it in force."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from accounts.models import Person
from tests.personas import make_cast
from tests.portal.chromium import NEEDS_CHROMIUM, pictures_in, watched
from tests.workflows.scripting.designing import make_designer
from workflows.scripting.library.services import run_named_script

pytestmark = NEEDS_CHROMIUM
picture = pictures_in("SCRIPT_PICTURES")


@pytest.fixture
def dora(transactional_db) -> Person:
    return make_designer(make_cast().provincial)


@pytest.fixture
def page(dora, live_server) -> Iterator[Page]:
    with watched(dora, f"{live_server.url}/scripts/", refused=[422]) as opened:
        yield opened


def test_a_script_is_written_tested_and_put_in_force(page: Page):
    expect(page.get_by_text("There is no script yet.")).to_be_visible()
    page.get_by_role("link", name="Add a script").click()
    page.get_by_role("textbox", name="Name", exact=False).first.fill("tidy-accession")
    source = page.get_by_role("textbox", name="Source")
    numbers = page.locator("[data-gutter] span")

    source.fill("import re\nimport os\naccession = re.sub(r'[^0-9]', '', accession)")
    expect(numbers).to_have_text(["1", "2", "3"])
    tests = page.get_by_role("textbox", name="Tests")
    tests.fill('[{"name": "digits only", "data": {"accession": "A-12 3"}, "gives": {"accession": "123"}}]')
    page.get_by_role("button", name="Run the tests").click()
    expect(page.locator("#results [role=alert]")).to_contain_text(
        "line 2, this module may not be imported (os)"
    )
    expect(page.locator("[data-gutter] .marked")).to_have_text("2")
    picture(page, "refused")

    source.fill("import re\naccession = re.sub(r'[^0-9]', '', accession)")
    expect(page.locator("[data-gutter] .marked")).to_have_count(0)
    page.get_by_role("button", name="Run the tests").click()
    expect(page.locator("#results .status.ok")).to_have_text("Passed")
    page.get_by_role("textbox", name="Note for the history").fill("as the county asks")
    picture(page, "passed")
    page.get_by_role("button", name="Keep the draft").click()

    expect(page.get_by_text("The draft is kept.")).to_be_visible()
    page.get_by_role("button", name="Test and put in force").click()
    expect(page.get_by_text("Version 1 is in force.")).to_be_visible()
    expect(page.get_by_role("list", name="Source").get_by_role("listitem")).to_have_count(2)
    picture(page, "in-force")
    assert run_named_script("tidy-accession", {"accession": "X9"}) == {"accession": "9"}


def test_the_library_reads_chinese(page: Page, dora: Person):
    dora.language = "zh-hans"
    dora.save(update_fields=["language"])
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("脚本")
    picture(page, "list-zh")
    page.get_by_role("link", name="新增脚本").click()
    expect(page.get_by_role("button", name="运行测试")).to_be_visible()
    picture(page, "write-zh")
