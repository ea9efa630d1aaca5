"""Messages between instances by their key: one receiver each, kept until taken, never lost in silence."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest

from events.delivery import deliver_due
from tests.bulletins import deliveries
from tests.workflows.conftest import bundle, chain, flow, install, message, timer, user
from tests.workflows.engine.drawing import END, boundary, catch, end, event, parallel, throw
from workflows.models import Incident, MessageSubscription, ProcessInstance, ThrownMessage, UserTask
from workflows.monitoring import messages_not_taken, open_incidents_for_old_states
from workflows.news.correlation import offer, offer_due
from workflows.services import complete_user_task, send_message

pytestmark = pytest.mark.django_db
KEYED = '<consilium:message correlate="key" into="got"/>'
THROW = (
    '<consilium:message correlate="key"><consilium:argument name="dose" value="number"/></consilium:message>'
)
RECEIVER = (
    catch("wait", "message", extension=KEYED) + user("after") + END + chain("start", "wait", "after", "end")
)
THROWER = user("first") + throw("tell", "message", extension=THROW) + user("last") + END + chain(
    "start", "first", "tell", "last", "end"
)  # fmt: skip


@pytest.fixture
def run(begin, cast, tmp_path):
    """Begin an instance of a body under a process key of its own."""

    def make(body, name, data=None, **options):
        return begin(body, data, key=name, start_key=str(uuid.uuid4()), **options)

    return make


def deliver_all(clock):
    """Deliver what was published, as the duty does."""
    is_busy = True
    while is_busy:
        clock.advance(dt.timedelta(seconds=3))
        is_busy = bool(deliver_due())


def do(instance, element, cast):
    task = UserTask.objects.get(instance=instance, element_id=element, status="ready")
    complete_user_task(task, actor=cast.rosa, outcome="done", data={})


def open_steps(instance):
    return sorted(
        UserTask.objects.filter(instance=instance, status="ready").values_list("element_id", flat=True)
    )


def data_of(instance, element):
    return UserTask.objects.get(instance=instance, element_id=element, status="ready")


def send(key, **payload):
    return send_message("ResultReady", key=key, payload=payload, site_code="provincial", subjects={})


def test_what_is_waited_for_is_a_row_with_kind_and_key(run):
    instance = run(RECEIVER, "Receiver", {"key": "k1"})

    row = MessageSubscription.objects.get(instance=instance)

    assert (row.element_id, row.kind, row.message, row.key) == ("wait", "message", "ResultReady", "k1")


def test_a_message_goes_from_one_case_to_the_one_that_waits_for_its_key(run, cast, clock):
    one, other = (run(RECEIVER, "Receiver", {"key": key}) for key in ("k1", "k2"))
    thrower = run(THROWER, "Thrower", {"key": "k2"})

    do(thrower, "first", cast)
    deliver_all(clock)

    assert open_steps(thrower) == ["last"]
    assert (open_steps(one), open_steps(other)) == ([], ["after"])
    assert ThrownMessage.objects.get().taken_at is not None
    kinds = other.events.filter(kind="message.received").values_list("element_id", "name")
    assert list(kinds) == [("wait", "ResultReady")]
    assert thrower.events.filter(kind="message.thrown", element_id="tell").exists()


def test_a_message_is_taken_by_one_the_longest_waiting(run, clock):
    first = run(RECEIVER, "Receiver", {"key": "k1"})
    clock.advance(dt.timedelta(seconds=1))
    second = run(RECEIVER, "Receiver", {"key": "k1"})

    send("k1")
    deliver_all(clock)
    assert (open_steps(first), open_steps(second)) == (["after"], [])

    send("k1")
    deliver_all(clock)
    assert open_steps(second) == ["after"]


def test_a_message_that_comes_before_anyone_waits_is_kept_for_who_waits_first(run, cast, clock):
    body = user("before") + RECEIVER.replace(chain("start", "wait"), chain("start", "before", "wait"))
    receiver = run(body, "Receiver", {"key": "k1"})
    send("k1", dose=3)
    deliver_all(clock)
    assert ThrownMessage.objects.get().taken_at is None

    do(receiver, "before", cast)

    assert open_steps(receiver) == ["after"]
    assert ThrownMessage.objects.get().taken_at is not None


def test_two_messages_for_one_token_one_is_taken_the_other_stays_and_is_told_of(run, cast, clock):
    receiver = run(RECEIVER, "Receiver", {"key": "k1"})
    throwers = [run(THROWER, "Thrower", {"key": "k1"}) for _ in range(2)]

    for each in throwers:
        do(each, "first", cast)
    deliver_all(clock)

    assert open_steps(receiver) == ["after"]
    (stays,) = ThrownMessage.objects.filter(taken_at=None)
    assert not Incident.objects.exists()
    clock.advance(dt.timedelta(minutes=10))
    offer_due()
    incident = Incident.objects.get()
    assert (incident.instance_id, incident.element_id, incident.code) == (
        stays.instance_id, "tell", "MESSAGE_NOT_TAKEN",
    )  # fmt: skip

    late = run(RECEIVER, "Receiver", {"key": "k1"})
    clock.advance(dt.timedelta(minutes=2))
    offer_due()

    assert open_steps(late) == ["after"]
    incident.refresh_from_db()
    assert incident.resolved_at is not None


def test_a_message_from_outside_that_nobody_takes_counts_for_the_monitor(run, clock):
    send("k1")
    deliver_all(clock)
    assert messages_not_taken() == 0

    clock.advance(dt.timedelta(minutes=10))

    assert messages_not_taken() == 1
    assert not Incident.objects.exists()


def test_a_message_no_process_has_a_place_for_is_an_incident_at_once(run, cast, clock):
    thrower = run(THROWER, "Thrower", {"key": "k1"})

    do(thrower, "first", cast)
    deliver_all(clock)

    incident = Incident.objects.get()
    assert (incident.instance_id, incident.message) == (thrower.pk, "ResultReady")


def test_a_second_delivery_has_no_effect(run, clock):
    body = (
        user("host") + boundary("edge", "host", "message", interrupts=False, extension=KEYED) + user("handle") + END
        + end("e2") + chain("start", "host", "end") + chain("edge", "handle", "e2")
    )  # fmt: skip
    instance = run(body, "Receiver", {"key": "k1"})
    uid = send("k1")

    assert offer(uid)
    assert not offer(uid)
    deliver_all(clock)

    assert open_steps(instance) == ["handle", "host"]


def test_a_message_without_a_key_is_news_about_the_subjects_of_the_case(run, cast, clock):
    waiting = message("wait", "M3").replace(
        "<bpmn:messageEventDefinition", "<bpmn:extensionElements><consilium:message/></bpmn:extensionElements>"
        "<bpmn:messageEventDefinition",
    )  # fmt: skip
    body = waiting + user("after") + END + chain("start", "wait", "after", "end")
    same = run(body, "Receiver", subjects={"study": "2.25.1"})
    other = run(body, "Receiver", subjects={"study": "2.25.2"})
    thrower = run(
        user("first") + end("tell", "message") + chain("start", "first", "tell"),
        "Thrower",
        subjects={"study": "2.25.1"},
    )

    do(thrower, "first", cast)
    deliver_all(clock)

    assert (open_steps(same), open_steps(other)) == (["after"], [])


def test_news_nobody_is_concerned_by_is_an_incident_of_the_case_that_told_it(run, cast, clock):
    thrower = run(user("first") + end("tell", "message") + chain("start", "first", "tell"), "Thrower")

    do(thrower, "first", cast)
    deliver_all(clock)

    assert Incident.objects.get().code == "MESSAGE_NOT_TAKEN"


def test_a_message_nobody_waits_for_begins_the_process_that_begins_with_it(
    run, cast, clock, tmp_path, operators
):
    start = event("startEvent", "start", "message", extension="<consilium:message/>")
    install(
        bundle(user("begun") + END + chain("start", "begun", "end"), key="Begun", start=start),
        tmp_path / "begun",
    )

    send("k1", site="provincial", number=3)
    deliver_all(clock)

    begun = ProcessInstance.objects.get(definition__key="Begun")
    assert open_steps(begun) == ["begun"]
    assert ThrownMessage.objects.get().taken_at is not None


def test_a_case_that_waits_for_a_condition_alone_stands_still(run, clock):
    instance = run(catch("watch", "conditional") + END + chain("start", "watch", "end"), "Watching")
    clock.advance(dt.timedelta(minutes=10))

    open_incidents_for_old_states()

    assert Incident.objects.get(instance=instance).code == "STUCK"


def test_the_end_of_a_case_leaves_nothing_that_waits(run, cast):
    body = (
        '<bpmn:eventBasedGateway id="g"/>' + catch("wait", "message", extension=KEYED) + timer("late", "PT1H")
        + parallel("s") + user("stop") + end("all", "terminate") + END + chain("start", "s", "g", "wait", "end")
        + chain("g", "late", "end") + chain("s", "stop", "all")
    )  # fmt: skip
    instance = run(body, "Receiver", {"key": "k1"})
    assert MessageSubscription.objects.count() == 1

    do(instance, "stop", cast)

    assert MessageSubscription.objects.count() == 0


def test_an_error_nothing_catches_ends_the_case_as_failed(run, cast):
    instance = run(user("a") + end("fail", "error") + chain("start", "a", "fail"), "Failing")

    do(instance, "a", cast)

    instance.refresh_from_db()
    assert (instance.status, instance.outcome) == ("failed", "REFUSED")


@pytest.mark.django_db(transaction=True)
def test_throwing_costs_no_statement_of_its_own(run, cast, django_assert_max_num_queries):
    body = user("zero") + THROWER.replace(flow("start", "first"), chain("start", "zero", "first"))
    thrower = run(body, "Thrower", {"key": "k1"})
    do(thrower, "zero", cast)
    task = UserTask.objects.get(instance=thrower, status="ready")

    with django_assert_max_num_queries(4):
        complete_user_task(task, actor=cast.rosa, outcome="done", data={})

    assert ThrownMessage.objects.filter(instance=thrower, key="k1").count() == 1
    assert deliveries(name="ResultReady", subscriber="workflows").count() == 1


def test_a_process_is_begun_by_who_may_only_once(run, cast, clock, tmp_path, operators):
    start = event("startEvent", "start", "message",
                  extension='<consilium:message/><consilium:start key="order" site="site"/>')  # fmt: skip
    install(
        bundle(user("begun") + END + chain("start", "begun", "end"), key="Begun", start=start),
        tmp_path / "begun",
    )

    for _ in range(2):
        send("k1", site="provincial", order="A1")
    deliver_all(clock)

    assert ProcessInstance.objects.filter(definition__key="Begun").count() == 1
