"""News of cases told to receivers elsewhere: signed, retried, replayed, and only where it may go."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import json
import socket

import pytest

from accounts.models import AuditEvent
from common.errors import Conflict, InvalidInput, Unavailable
from events.delivery import deliver_due as deliver_events
from events.models import Delivery
from integrations.webhooks import addresses, delivery, services
from integrations.webhooks.models import Webhook, WebhookDelivery
from integrations.webhooks.signing import secret_of
from tests.integrations.webhooks.receiver import Receiver
from tests.workflows.conftest import begin, bundle, chain, operators, user  # noqa: F401 - fixtures

ONE = user("ask") + '<bpmn:endEvent id="end"/>' + chain("start", "ask", "end")
ALL = list(services.EVENTS)


@pytest.fixture
def loopback(settings):
    settings.WEBHOOK_NETWORKS = ["127.0.0.0/8"]
    settings.WEBHOOK_ALLOW_PLAIN = True


@pytest.fixture
def receiver(loopback):
    made = Receiver()
    yield made
    made.close()


@pytest.fixture
def hook(cast, receiver):
    return services.create_webhook(cast.provincial, name="RIS", url=receiver.url, events=ALL, actor=cast.ivo)


def tell(clock):
    """What the daemons do: hand out the events that are due, then the deliveries."""
    clock.advance(dt.timedelta(seconds=3))
    deliver_events()
    delivery.deliver_due()


def test_a_case_that_moves_is_told_once_with_codes_only(begin, hook, receiver, clock):  # noqa: F811
    instance = begin(ONE)

    tell(clock)
    tell(clock)

    told = {body["type"]: body["data"] for body in receiver.bodies()}
    assert sorted(body["type"] for body in receiver.bodies()) == ["CaseChanged", "UserTaskOffered"]
    assert told["CaseChanged"]["subjects"] == {"case": str(instance.uid), "study": "2.25.1"}
    assert told["UserTaskOffered"]["role"] == "radiologist"
    assert WebhookDelivery.objects.filter(delivered_at=None).count() == 0


def test_the_signature_is_the_one_of_standard_webhooks(begin, hook, receiver, clock):  # noqa: F811
    """Standard Webhooks 1.0: base64 of HMAC-SHA256 over `id.timestamp.body`, the key base64 after `whsec_`."""
    begin(ONE)
    tell(clock)

    headers, body = receiver.got[0]
    key = base64.b64decode(secret_of(hook).removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert int(headers["webhook-timestamp"]) == int(clock.now.timestamp())
    assert headers["webhook-id"] == str(WebhookDelivery.objects.order_by("pk")[0].uid)
    assert headers["host"] == receiver.url.split("/")[2]


def test_a_secret_is_of_one_webhook_and_one_change_and_in_no_table(hook, cast, receiver):
    other = services.create_webhook(cast.provincial, name="EMR", url=receiver.url, events=ALL, actor=cast.ivo)
    before = secret_of(hook)

    changed = services.change_secret(hook, actor=cast.ivo)

    assert len({before, secret_of(changed), secret_of(other)}) == 3
    held = json.dumps([list(map(str, row)) for row in Webhook.objects.values_list()])
    assert before not in held
    assert secret_of(changed) not in held


def test_a_receiver_that_is_busy_is_left_alone_longer_each_time_and_then_gets_everything(
    begin, hook, receiver, clock  # noqa: F811
):  # fmt: skip
    receiver.statuses = [503, 500, 204]
    begin(ONE)

    tell(clock)
    hook.refresh_from_db()
    assert (hook.failures, (hook.rests_until - clock.now).total_seconds()) == (1, 2)
    delivery.deliver_due()
    assert len(receiver.got) == 1, "it is left alone"
    clock.advance(dt.timedelta(seconds=2))
    delivery.deliver_due()
    hook.refresh_from_db()
    assert (hook.failures, (hook.rests_until - clock.now).total_seconds()) == (2, 4)
    clock.advance(dt.timedelta(seconds=4))
    delivery.deliver_due()

    assert WebhookDelivery.objects.filter(delivered_at=None).count() == 0
    hook.refresh_from_db()
    assert (hook.failures, hook.rests_until) == (0, None)
    ids = [headers["webhook-id"] for headers, _ in receiver.got]
    assert len(ids) == 4
    assert len(set(ids)) == 2, "a repeated delivery has the id it had"


def test_what_is_refused_for_good_is_visible_and_can_be_replayed(begin, hook, receiver, clock, cast):  # noqa: F811
    receiver.statuses = [410, 204]
    begin(ONE)
    tell(clock)

    (dead,) = WebhookDelivery.objects.exclude(failed_at=None)
    assert (dead.status_code, dead.error_code, dead.attempts) == (410, "HTTP_410", 1)
    tell(clock)
    (alive,) = WebhookDelivery.objects.filter(failed_at=None)
    assert alive.delivered_at is not None, "one that is refused does not hold up the next"

    delivery.replay(dead, actor=cast.ivo)
    with pytest.raises(Conflict):
        delivery.replay(dead, actor=cast.ivo)
    delivery.deliver_due()

    dead.refresh_from_db()
    assert (dead.delivered_at, dead.failed_at) == (clock.now, None)
    assert receiver.got[-1][0]["webhook-id"] == str(dead.uid)
    assert AuditEvent.objects.filter(action="webhook.replayed", object_uid=str(hook.uid)).count() == 1


def test_a_redirection_is_not_followed(begin, hook, receiver, clock):  # noqa: F811
    receiver.statuses = [302]
    begin(ONE)
    tell(clock)

    assert WebhookDelivery.objects.order_by("pk")[0].error_code == "HTTP_302"


def test_a_receiver_that_is_gone_is_given_up_after_three_days(begin, hook, receiver, clock):  # noqa: F811
    begin(ONE)
    receiver.close()
    tell(clock)
    first = WebhookDelivery.objects.order_by("pk")[0]
    assert (first.error_code, first.failed_at) == ("UNREACHABLE", None)

    clock.advance(dt.timedelta(hours=73))
    delivery.deliver_due()

    first.refresh_from_db()
    assert first.failed_at == clock.now


def test_a_sender_that_dies_leaves_its_delivery_to_another(begin, hook, receiver, clock):  # noqa: F811
    begin(ONE)
    clock.advance(dt.timedelta(seconds=3))
    deliver_events()
    taken = delivery._take(hook.pk)
    assert taken is not None

    delivery.deliver_due()
    assert str(taken.uid) not in {headers["webhook-id"] for headers, _ in receiver.got}
    clock.advance(delivery.LEASE)
    delivery.deliver_due()

    assert str(taken.uid) in {headers["webhook-id"] for headers, _ in receiver.got}


def test_only_the_sites_concerned_and_the_events_asked_for_are_told(begin, cast, receiver, clock):  # noqa: F811
    wanted = services.create_webhook(
        cast.provincial, name="Tasks", url=receiver.url, events=["UserTaskClosed"], actor=cast.ivo
    )
    services.create_webhook(cast.county, name="Elsewhere", url=receiver.url, events=ALL, actor=cast.ivo)
    off = services.create_webhook(cast.provincial, name="Off", url=receiver.url, events=ALL, actor=cast.ivo)
    services.update_webhook(off, actor=cast.ivo, is_enabled=False)

    begin(ONE)
    tell(clock)

    assert not WebhookDelivery.objects.exists()
    assert wanted.deliveries.count() == 0


def test_an_event_handed_out_twice_is_queued_once(begin, hook, clock):  # noqa: F811
    begin(ONE)
    clock.advance(dt.timedelta(seconds=3))
    deliver_events()
    queued = WebhookDelivery.objects.count()
    Delivery.objects.filter(subscriber="integrations.webhooks").update(
        delivered_at=None, next_attempt_at=clock.now
    )

    deliver_events()

    assert WebhookDelivery.objects.count() == queued == 2


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/x", "ftp://example.org/", "https://user:secret@example.org/", "https://example.org/#x",
        "https:///x", "https://example.org:0/", "https://[::1/", "https://exa mple.org/", "https://bücher.example/",
        "https://127.0.0.1/", "https://localhost/", "https://[::1]/", "https://169.254.169.254/latest/meta-data",
        "https://0.0.0.0/", "https://[fe80::1]/", "https://[::ffff:127.0.0.1]/", "https://224.0.0.1/",
        "https://240.0.0.1/",
    ],
)  # fmt: skip
def test_an_address_that_news_must_not_go_to_is_refused(cast, url):
    with pytest.raises(InvalidInput) as refusal:
        services.create_webhook(cast.provincial, name="x", url=url, events=ALL, actor=cast.ivo)

    assert list(refusal.value.fields) == ["url"]


def answers_with(monkeypatch, *found):
    family = {4: socket.AF_INET, 6: socket.AF_INET6}
    rows = [(family[6 if ":" in ip else 4], socket.SOCK_STREAM, 6, "", (ip, 443)) for ip in found]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_kwargs: rows)


def test_a_name_that_leads_inside_is_refused_when_it_is_called(monkeypatch):
    answers_with(monkeypatch, "203.0.113.7", "127.0.0.1")

    with pytest.raises(InvalidInput) as refusal:
        addresses.target_of("https://receiver.example/x")

    assert refusal.value.code == "RECEIVER_NOT_ALLOWED"


def test_the_address_that_was_judged_is_the_one_called(monkeypatch):
    answers_with(monkeypatch, "2001:db8::7")

    target = addresses.target_of("https://receiver.example:8443/x?y=1")

    assert (target.url, target.host, target.authority) == (
        "https://[2001:db8::7]:8443/x?y=1",
        "receiver.example",
        "receiver.example:8443",
    )


def test_a_name_that_leads_nowhere_is_tried_again_later(monkeypatch):
    def nowhere(*_args, **_kwargs):
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", nowhere)

    with pytest.raises(Unavailable):
        addresses.target_of("https://receiver.example/")


def test_hospital_networks_are_reached_without_being_named(monkeypatch):
    answers_with(monkeypatch, "10.1.2.3")

    assert addresses.target_of("https://ris.hospital.example/").url == "https://10.1.2.3:443/"


@pytest.mark.parametrize(
    ("facts", "field"),
    [({"name": " "}, "name"), ({"events": []}, "events"), ({"events": ["ReportSigned"]}, "events")],
)
def test_a_refusal_names_the_field(cast, receiver, facts, field):
    wish = {"name": "x", "url": receiver.url, "events": ALL, **facts}
    with pytest.raises(InvalidInput) as refusal:
        services.create_webhook(cast.provincial, actor=cast.ivo, **wish)

    assert list(refusal.value.fields) == [field]


def test_old_deliveries_are_forgotten(begin, hook, receiver, clock):  # noqa: F811
    begin(ONE)
    tell(clock)
    clock.advance(dt.timedelta(days=31))

    assert delivery.drop_old_deliveries() == 2
    assert not WebhookDelivery.objects.exists()
