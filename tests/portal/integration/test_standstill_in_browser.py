"""In a real browser the part of the gateway arrives below the incidents, and leads to where something can be done."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from archive.storage.models import Segment
from common import clock
from common.errors import InvalidInput
from integrations.dicom.models import ApplicationEntity, NodeHealth, Notice
from integrations.dicom.notices.delivery import put_back, queue_notice
from tests.personas import Cast, make_cast
from tests.portal.chromium import NEEDS_CHROMIUM, pictures_in, signed_in

pytestmark = NEEDS_CHROMIUM
picture = pictures_in("STANDSTILL_PICTURES")


@pytest.fixture
def page(transactional_db, live_server) -> Iterator[Page]:
    cast = make_cast()
    make_trouble(cast)
    with signed_in(cast.ines, live_server.url) as opened:
        opened.goto(f"{live_server.url}/incidents/")
        yield opened


def make_trouble(cast: Cast) -> None:
    """A node that has not answered for two days, with a notice it would not take, and a forgotten segment."""
    long_ago = clock.now() - dt.timedelta(days=2)
    node = ApplicationEntity.objects.create(
        ae_title="ARCHIVE", site=cast.provincial, host="10.0.0.9", port=104
    )
    NodeHealth.objects.create(
        node=node, failures=9, opened_at=long_ago, open_until=long_ago, last_error_code="NO_ANSWER"
    )
    notice = queue_notice(node, Notice.Kind.AVAILABILITY, {}, lane="x", study_instance_uid="1.2.3")
    put_back(notice, InvalidInput("no", code="STATUS_0106"))
    Segment.objects.create(key="series/aa/" + "a" * 32, created_at=long_ago, site=cast.county)


def test_an_operator_follows_what_stands_still_to_the_node_and_sends_its_notice_again(page):
    expect(page.get_by_text("The node does not answer and is left alone.")).to_be_visible()
    expect(page.get_by_text("A segment was not sealed.")).to_be_visible()
    picture(page, "standstill")

    page.get_by_role("link", name="Dead notices").click()
    picture(page, "dead-notices")
    page.get_by_role("link", name="ARCHIVE").last.click()
    picture(page, "node-notices")
    page.get_by_role("button", name="Send again").click()

    expect(page.get_by_text("1 notice is sent again.")).to_be_visible()
    assert Notice.objects.get().failed_at is None
