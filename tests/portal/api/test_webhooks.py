"""Webhooks over REST: made with a secret told once, changed, watched, replayed, by those who manage them."""

from __future__ import annotations

import uuid

import pytest

from accounts.models import AuditEvent
from common import clock as product_clock
from integrations.webhooks.models import Webhook, WebhookDelivery
from integrations.webhooks.signing import secret_of

WISH = {"site": "provincial", "name": "RIS", "url": "https://ris.example/news", "events": ["CaseChanged"]}


@pytest.fixture
def ivo(cast, as_person):
    return as_person(cast.ivo)


def make(program, **more):
    return program.post("/api/webhooks/", {**WISH, **more}, format="json")


def delivery_of(hook, **more):
    now = product_clock.now()
    return WebhookDelivery.objects.create(
        webhook=hook, event_uid=uuid.uuid4(), event="CaseChanged", payload={}, trace_id=uuid.uuid4(),
        queued_at=now, next_attempt_at=now, **more,
    )  # fmt: skip


def test_a_secret_is_told_when_it_is_made_and_never_again(ivo):
    made = make(ivo)

    assert (made.status_code, made["Cache-Control"]) == (201, "no-store")
    assert made.json()["secret"] == secret_of(Webhook.objects.get())
    assert "secret" not in ivo.get(f"/api/webhooks/{made.json()['uid']}/").json()
    changed = ivo.post(f"/api/webhooks/{made.json()['uid']}/change-secret/").json()["secret"]
    assert changed not in {made.json()["secret"], ""}


def test_a_webhook_is_changed_and_taken_away_with_a_line_in_the_trail(ivo):
    uid = make(ivo).json()["uid"]

    changed = ivo.patch(f"/api/webhooks/{uid}/", {"is_enabled": False, "name": "Old RIS"}, format="json")
    assert (changed.json()["is_enabled"], changed.json()["name"]) == (False, "Old RIS")
    assert ivo.delete(f"/api/webhooks/{uid}/").status_code == 204

    trail = AuditEvent.objects.filter(object_uid=uid).order_by("id").values_list("action", flat=True)
    assert list(trail) == ["webhook.created", "webhook.changed", "webhook.deleted"]
    assert ivo.get("/api/webhooks/").json()["results"] == []


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({"site": "county"}, "site"),
        ({"url": "https://127.0.0.1/"}, "url"),
        ({"events": ["Everything"]}, "events"),
        ({"name": ""}, "name"),
    ],
)
def test_a_refusal_names_the_field(ivo, wish, field):
    answer = make(ivo, **wish)

    assert (answer.status_code, list(answer.json()["fields"])) == (400, [field])


def test_exactly_which_delivery_failed_is_visible_and_sent_again(ivo):
    make(ivo)
    hook = Webhook.objects.get()
    now = product_clock.now()
    dead = delivery_of(hook, failed_at=now, status_code=410, error_code="HTTP_410", attempts=1)
    delivery_of(hook, delivered_at=now, status_code=204)

    (row,) = ivo.get(f"/api/webhook-deliveries/?webhook={hook.uid}&state=failed").json()["results"]

    assert (row["uid"], row["status_code"], row["error_code"]) == (str(dead.uid), 410, "HTTP_410")
    assert ivo.post(f"/api/webhook-deliveries/{dead.uid}/replay/").json()["state"] == "waiting"
    assert ivo.post(f"/api/webhook-deliveries/{dead.uid}/replay/").status_code == 409


def test_a_test_is_sent_and_what_was_given_up_is_sent_again_at_once(ivo):
    uid = make(ivo).json()["uid"]
    hook = Webhook.objects.get()
    for _ in range(3):
        delivery_of(hook, failed_at=product_clock.now(), error_code="HTTP_410", attempts=4)

    ping = ivo.post(f"/api/webhooks/{uid}/ping/")
    assert (ping.status_code, ping.json()["event"], ping.json()["state"]) == (201, "Ping", "waiting")
    assert ivo.post(f"/api/webhooks/{uid}/ping/").status_code == 409
    assert ivo.post(f"/api/webhooks/{uid}/replay-failed/").json() == {"count": 3}
    assert set(WebhookDelivery.objects.values_list("failed_at", "attempts")) == {(None, 0)}
    assert ivo.post(f"/api/webhooks/{uid}/replay-failed/").json() == {"count": 0}


def test_who_manages_no_webhooks_here_sees_none(ivo, cast, as_person):
    uid = make(ivo).json()["uid"]
    sent = delivery_of(Webhook.objects.get())
    otto = as_person(cast.otto)

    assert otto.get("/api/webhooks/").json()["results"] == []
    assert otto.get(f"/api/webhooks/{uid}/").status_code == 404
    assert otto.delete(f"/api/webhooks/{uid}/").status_code == 404
    assert otto.get("/api/webhook-deliveries/").json()["results"] == []
    assert otto.post(f"/api/webhook-deliveries/{sent.uid}/replay/").status_code == 404
    assert make(otto, site="elsewhere").status_code == 400


def test_a_list_costs_the_same_however_long(ivo, django_assert_num_queries):
    make(ivo)
    delivery_of(Webhook.objects.get())
    with django_assert_num_queries(3):  # session, person, rows with their webhooks
        ivo.get("/api/webhook-deliveries/")
    for _ in range(5):
        delivery_of(Webhook.objects.get())
    with django_assert_num_queries(3):
        assert len(ivo.get("/api/webhook-deliveries/").json()["results"]) == 6
