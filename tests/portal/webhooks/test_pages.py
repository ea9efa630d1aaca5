"""The pages of webhooks: who may open them, what they show, and what each button does."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest
from django.urls import reverse

from accounts.models import AuditEvent
from common import clock
from integrations.webhooks import services
from integrations.webhooks.models import Webhook, WebhookDelivery
from integrations.webhooks.signing import secret_of

FORM = {"name": "RIS", "site": "provincial", "url": "https://ris.example/news", "events": ["CaseChanged"]}


@pytest.fixture
def hook(cast) -> Webhook:
    return services.create_webhook(
        cast.provincial, name="RIS", url="https://ris.example/news", events=["CaseChanged"], actor=cast.ivo
    )


@pytest.fixture
def ivos(cast, browser_of):
    return browser_of(cast.ivo)


def told(hook: Webhook, **more) -> WebhookDelivery:
    now = clock.now()
    facts = {"event": "CaseChanged", "queued_at": now, "next_attempt_at": now, **more}
    return WebhookDelivery.objects.create(
        webhook=hook, event_uid=uuid.uuid4(), payload={}, trace_id=uuid.uuid4(), **facts
    )


def page_of(browser, hook: Webhook, query: str = "") -> str:
    return str(browser.get(reverse("webhook", args=[hook.uid]) + query).content.decode())


def test_who_manages_no_webhooks_finds_no_page(cast, hook, browser_of):
    browser = browser_of(cast.otto)

    for name in ("webhook", "change-webhook", "webhook-deliveries"):
        assert browser.get(reverse(name, args=[hook.uid])).status_code == 404
    for name in ("switch", "ping", "delete"):
        assert browser.post(reverse(f"{name}-webhook", args=[hook.uid])).status_code == 404
    assert browser.get(reverse("webhooks")).status_code == 404


def test_webhooks_of_another_site_are_not_there(cast, ivos):
    theirs = services.create_webhook(
        cast.elsewhere, name="Theirs", url="https://a.example/", events=["CaseChanged"], actor=cast.ivo
    )

    assert "Theirs" not in ivos.get(reverse("webhooks")).content.decode()
    assert ivos.get(reverse("webhook", args=[theirs.uid])).status_code == 404
    assert ivos.post(reverse("resend-webhook-deliveries", args=[theirs.uid]), {"all": ""}).status_code == 404


def test_the_secret_is_on_the_page_after_making_it_and_gone_with_a_reload(ivos):
    made = ivos.post(reverse("add-webhook"), FORM)
    hook = Webhook.objects.get()

    assert made["Location"] == reverse("webhook", args=[hook.uid])
    first = ivos.get(made["Location"])
    assert secret_of(hook) in first.content.decode()
    assert "no-store" in first["Cache-Control"]
    assert secret_of(hook) not in page_of(ivos, hook)

    ivos.post(reverse("change-webhook-secret", args=[hook.uid]))
    hook.refresh_from_db()
    assert hook.secret_number == 2
    assert secret_of(hook) in page_of(ivos, hook)
    assert secret_of(hook) not in page_of(ivos, hook)


@pytest.mark.parametrize(
    ("wish", "field", "sentence"),
    [
        ({"name": ""}, "name", "Say who is told"),
        ({"site": "elsewhere"}, "site", "Choose one of your sites."),
        ({"url": "ris.example"}, "url", "An address is https://host/path"),
        ({"url": "https://169.254.169.254/"}, "url", "not sent to addresses of this kind"),
        ({"events": []}, "events", "Choose from:"),
    ],
)
def test_a_refusal_stands_beside_its_field_and_what_was_typed_stays(ivos, wish, field, sentence):
    answer = ivos.post(reverse("add-webhook"), {**FORM, **wish})
    page = answer.content.decode()

    assert answer.status_code == 422
    assert sentence in page[page.index(f'id="n-{field}-error"') :][:400]
    assert Webhook.objects.count() == 0
    assert "https://ris.example/news" in page or "url" in wish


def test_an_empty_form_is_told_all_that_it_lacks_at_once(ivos):
    page = ivos.post(reverse("add-webhook"), {}).content.decode()

    assert [field for field in FORM if f'id="n-{field}-error"' not in page] == []


def test_a_webhook_is_paused_let_go_on_changed_and_deleted_with_a_line_each(cast, hook, ivos):
    address = reverse("switch-webhook", args=[hook.uid])

    ivos.post(address)
    assert ">Paused</span>" in page_of(ivos, hook)
    ivos.post(address, {"on": ""})
    assert ">Active</span>" in page_of(ivos, hook)
    ivos.post(reverse("change-webhook", args=[hook.uid]), {**FORM, "name": "Old RIS"})
    assert Webhook.objects.get().name == "Old RIS"
    gone = ivos.post(reverse("delete-webhook", args=[hook.uid]), follow=True).content.decode()

    assert "Old RIS is told nothing any more." in gone
    assert "Nobody elsewhere is told of cases and tasks." in gone
    trail = AuditEvent.objects.filter(object_uid=str(hook.uid), person=cast.ivo).order_by("id")
    assert [line.action for line in trail] == [
        "webhook.created", "webhook.changed", "webhook.changed", "webhook.changed", "webhook.deleted",
    ]  # fmt: skip


def test_a_test_is_queued_once_and_not_while_the_webhook_is_paused(hook, ivos):
    Webhook.objects.update(failures=3, rests_until=clock.now() + dt.timedelta(minutes=5))
    address = reverse("ping-webhook", args=[hook.uid])

    first = ivos.post(address, follow=True).content.decode()
    again = ivos.post(address, follow=True).content.decode()

    assert "A test is on its way; the list shows what the receiver answers." in first
    assert "A test is on its way already." in again
    sent = WebhookDelivery.objects.get()
    assert (sent.event, sent.payload, sent.attempts) == ("Ping", {}, 0)
    assert Webhook.objects.get().rests_until is None
    assert 'hx-trigger="every 2s"' in again  # the page looks again until the receiver has answered
    sent.delete()
    services.update_webhook(hook, actor=hook.created_by, is_enabled=False)
    assert "The webhook is paused." in ivos.post(address, follow=True).content.decode()
    assert AuditEvent.objects.filter(action="webhook.tested").count() == 1


@pytest.mark.parametrize(
    ("facts", "state", "reason"),
    [
        ({"delivered_at": True, "status_code": 204}, "Delivered", "204"),
        ({"failed_at": True, "status_code": 410, "error_code": "HTTP_410"}, "Given up", "The receiver answered 410."),
        ({"attempts": 1, "error_code": "TIMED_OUT"}, "Will be tried again", "did not answer in time"),
        ({}, "Waiting", "0"),
    ],
)  # fmt: skip
def test_each_delivery_says_how_it_stands_and_why(hook, ivos, facts, state, reason):
    told(hook, **{name: clock.now() if value is True else value for name, value in facts.items()})

    page = page_of(ivos, hook)
    row = page[page.index("<tbody>") :]

    assert state in row
    assert reason in row
    assert ('aria-label="Send again"' in row) == (state in {"Delivered", "Given up"})


def test_a_webhook_fails_when_its_newest_news_was_refused_or_its_receiver_is_left_alone(hook, ivos):
    told(hook, failed_at=clock.now(), error_code="HTTP_404", status_code=404)
    assert "Failing" in ivos.get(reverse("webhooks")).content.decode()
    told(hook, delivered_at=clock.now(), status_code=204)
    assert "Failing" not in ivos.get(reverse("webhooks")).content.decode()

    Webhook.objects.update(failures=2, rests_until=clock.now() + dt.timedelta(minutes=5))
    assert "2 calls in a row failed; the receiver is left alone." in page_of(ivos, hook)


def test_what_was_given_up_is_sent_again_one_by_one_or_all_at_once(cast, hook, ivos):
    dead = [told(hook, failed_at=clock.now(), error_code="HTTP_410", attempts=7) for _ in range(3)]
    kept = told(hook, delivered_at=clock.now())
    address = reverse("resend-webhook-deliveries", args=[hook.uid])

    ivos.post(address, {"delivery": dead[0].uid})
    alive = ivos.post(address, {"delivery": dead[0].uid}, follow=True).content.decode()
    assert "This delivery is on its way already." in alive
    rest = ivos.post(address, {"all": ""}, follow=True).content.decode()

    assert "2 deliveries are sent again." in rest
    assert set(WebhookDelivery.objects.values_list("failed_at", "attempts")) == {(None, 0)}
    kept.refresh_from_db()
    assert kept.delivered_at is not None
    assert "Nothing was given up." in ivos.post(address, {"all": ""}, follow=True).content.decode()
    assert AuditEvent.objects.filter(action="webhook.replayed", person=cast.ivo).count() == 2
    assert ivos.post(address, {"delivery": "nonsense"}).status_code == 404


def test_the_list_of_deliveries_is_narrowed_by_state_in_the_address(hook, ivos):
    told(hook, delivered_at=clock.now(), status_code=204)
    told(hook, failed_at=clock.now(), status_code=500)

    page = page_of(ivos, hook, "?state=failed")

    assert page.count("<tr data-row>") == 1
    assert "Given up" in page[page.index("<tbody>") :]
    assert "Nothing here matches this filter." in page_of(ivos, hook, "?state=waiting")


def test_lists_cost_the_same_however_long(cast, hook, ivos, django_assert_max_num_queries):
    for number in range(30):
        other = services.create_webhook(
            cast.provincial,
            name=f"R{number}",
            url="https://a.example/",
            events=["CaseChanged"],
            actor=cast.ivo,
        )
        told(other)
        told(hook, failed_at=clock.now(), status_code=500)
    for address in (reverse("webhooks"), reverse("webhook", args=[hook.uid])):
        ivos.get(address)
        with django_assert_max_num_queries(8):
            assert ivos.get(address).status_code == 200


def test_the_pages_speak_chinese(cast, hook, browser_of):
    browser = browser_of(cast.ivo, language="zh-hans")
    told(hook, failed_at=clock.now(), status_code=410, error_code="HTTP_410")

    page = page_of(browser, hook)

    for words in ("接收方", "发送测试", "暂停", "已放弃", "接收方的答复是 410。"):
        assert words in page, words
    assert "添加网络回调" in browser.get(reverse("webhooks")).content.decode()
