"""An integrator adds a receiver in a real browser, tests it over a real socket, and sees what it answers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from integrations.webhooks.delivery import deliver_due
from integrations.webhooks.models import Webhook
from integrations.webhooks.signing import secret_of
from tests.integrations.webhooks.receiver import Receiver
from tests.personas import make_cast
from tests.portal.chromium import NEEDS_CHROMIUM, pictures_in, watched

pytestmark = NEEDS_CHROMIUM
picture = pictures_in("WEBHOOK_PICTURES")


@pytest.fixture
def receiver(settings) -> Iterator[Receiver]:
    settings.WEBHOOK_NETWORKS, settings.WEBHOOK_ALLOW_PLAIN = ["127.0.0.0/8"], True
    made = Receiver(204, 410)
    yield made
    made.close()


@pytest.fixture
def page(transactional_db, live_server) -> Iterator[Page]:
    with watched(make_cast().ivo, live_server.url + reverse("webhooks"), refused=[422]) as opened:
        yield opened


def test_a_receiver_is_added_tested_and_sent_again_what_it_refused(page, receiver):
    expect(page.get_by_text("Nobody elsewhere is told of cases and tasks.")).to_be_visible()
    picture(page, "webhooks-none")
    page.get_by_role("link", name="Add a webhook").click()
    page.get_by_label("Name").fill("Radiology information system")
    page.get_by_label("Address").fill("ris.example")
    page.get_by_role("button", name="Add the webhook").click()
    expect(page.locator("#n-url-error")).to_contain_text("An address is https://host/path")
    picture(page, "webhook-refused")
    page.get_by_label("Address").fill(receiver.url)
    page.get_by_role("button", name="Add the webhook").click()

    expect(page.get_by_label("Secret", exact=True)).to_have_value(secret_of(Webhook.objects.get()))
    picture(page, "webhook-secret")
    page.get_by_role("button", name="Send a test").click()
    row = page.locator("#deliveries tbody tr").first
    expect(row).to_contain_text("Waiting")
    expect(page.locator("[data-secret]")).to_have_count(0)
    deliver_due()
    expect(row).to_contain_text("Delivered", timeout=10_000)  # the page looks again by itself
    assert receiver.bodies()[0]["type"] == "Ping"

    page.get_by_role("button", name="Send a test").click()
    deliver_due()
    expect(row).to_contain_text("The receiver answered 410.", timeout=10_000)
    expect(page.locator("#webhook-state")).to_have_text("Failing")
    picture(page, "webhook")
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("#webhook-state")).to_have_text("Paused")
    page.get_by_text("Delete", exact=True).click()
    page.get_by_role("button", name="Delete the webhook “Radiology information system”").click()
    expect(page.get_by_text("Nobody elsewhere is told of cases and tasks.")).to_be_visible()
