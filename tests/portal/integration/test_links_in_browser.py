"""An integrator adds a link in a real browser, puts right what was wrong, and tries it over a real socket."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from accounts.models import Person
from integrations.hl7.models import Link
from tests.personas import make_cast
from tests.portal.chromium import NEEDS_CHROMIUM, pictures_in, watched
from workflows.scripting.library.models import ScriptVersion

pytestmark = NEEDS_CHROMIUM
picture = pictures_in("LINK_PICTURES")


@pytest.fixture
def page(transactional_db, live_server) -> Iterator[Page]:
    ScriptVersion.objects.create(
        name="tidy", number=1, state="published", source="x = 1", digest="", saved_by="dora",
        saved_at="2026-03-02T08:00Z",
    )  # fmt: skip
    with watched(make_cast().ivo, live_server.url + reverse("links"), refused=[422]) as opened:
        yield opened


def test_a_link_is_added_put_right_tried_and_switched_off(page: Page) -> None:
    expect(page.get_by_text("No links yet.")).to_be_visible()
    picture(page, "links-none")
    page.get_by_role("link", name="Add a link").click()
    expect(page.get_by_label("Port")).to_be_hidden()  # whoever sends to us is not called
    picture(page, "link-inbound")
    page.get_by_label("Direction").select_option("outbound")
    expect(page.get_by_label("Codes that order a remote consultation")).to_be_hidden()
    page.locator("#n-name").fill("provincial-emr")
    page.get_by_label("Port").fill("MLLP")
    page.get_by_label("Mapping script").select_option("tidy@1")
    page.get_by_role("button", name="Add the link").click()
    expect(page.locator("#n-host-error")).to_have_text("Give the host that messages are sent to.")
    expect(page.locator("#n-port-error")).to_have_text("A whole number from 1 to 65535.")
    expect(page.get_by_label("Mapping script")).to_have_value("tidy@1")
    picture(page, "link-refused")

    with socket.create_server(("127.0.0.1", 0)) as partner:
        page.get_by_label("Host name or IP address").fill("127.0.0.1")
        page.get_by_label("Port").fill(str(partner.getsockname()[1]))
        page.get_by_role("button", name="Add the link").click()
        expect(page.locator("tr[data-row]")).to_contain_text("provincial-emr")
        picture(page, "links")
        page.get_by_role("link", name="provincial-emr").click()
        page.get_by_role("button", name="Try the connection").click()
        expect(page.locator(".notice.success")).to_contain_text("The partner took the connection")
    picture(page, "link-tried")
    page.get_by_label("Switched on").uncheck()
    page.get_by_role("button", name="Save changes").click()
    expect(page.locator("tr[data-row]")).to_contain_text("Switched off")
    assert Link.objects.get().is_active is False

    Person.objects.update(language="zh-hans")
    page.get_by_role("link", name="provincial-emr").click()
    expect(page.get_by_role("button", name="测试连接")).to_be_visible()
    picture(page, "link-zh")
