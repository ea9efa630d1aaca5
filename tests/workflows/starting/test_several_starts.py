"""Processes that begin by one of several events: each brings a case of its own."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest

from common.errors import InvalidInput
from events.services import Event
from tests.workflows.conftest import LANE, bundle, chain, install, user
from tests.workflows.engine.drawing import END, event
from workflows.models import ProcessInstance, StartTimer, UserTask
from workflows.services import receive_event, start_process
from workflows.starting.scheduled_starts import begin_due

pytestmark = pytest.mark.django_db
SITE = "<consilium:start site=\"'provincial'\"{}/>"
EVERY_HOUR = "<bpmn:timerEventDefinition><bpmn:timeCycle>R/PT1H</bpmn:timeCycle></bpmn:timerEventDefinition>"
ORDERED = '<bpmn:messageEventDefinition messageRef="M1"/>'
BODY = (
    user("arrived") + user("planned") + user("by-hand") + '<bpmn:exclusiveGateway id="meet"/>' + END
    + chain("news", "arrived", "meet", "end") + chain("clock", "planned", "meet") + chain("start", "by-hand", "meet")
)  # fmt: skip


def starts(key=""):
    own_key = f' key="{key}"' if key else ""
    return (
        '<bpmn:startEvent id="start"/>' + event("startEvent", "clock", EVERY_HOUR, extension=SITE.format(own_key))
        + event("startEvent", "news", ORDERED, extension=SITE.format(own_key))
    )  # fmt: skip


@pytest.fixture
def deploy(cast, operators, tmp_path):
    def make(body=BODY, **options):
        return install(bundle(body, lane=LANE.replace('"site"', "\"'provincial'\""), **options), tmp_path)

    return make


def news():
    return Event(uuid.uuid4(), "SeriesComplete", {"subjects": {"study": "2.25.1"}}, uuid.uuid4())


def open_steps():
    return sorted(UserTask.objects.values_list("element_id", flat=True))


def test_each_event_begins_a_case_at_its_own_start(deploy, cast, clock):
    definition = deploy(start=starts())
    clock.advance(dt.timedelta(hours=1))

    arrival = news()
    receive_event(arrival)
    receive_event(arrival)
    assert begin_due() == 1
    start_process(definition.key, data={}, site=cast.provincial, subjects={}, start_key="x", actor=cast.carla)

    assert open_steps() == ["arrived", "by-hand", "planned"]
    assert ProcessInstance.objects.count() == 3


def test_starts_that_name_the_same_key_begin_one_case_between_them(deploy, clock):
    deploy(start=starts(key="'today'"))
    clock.advance(dt.timedelta(hours=1))

    receive_event(news())
    assert begin_due() == 1

    assert open_steps() == ["arrived"]


def test_two_starts_by_one_message_begin_a_case_each(deploy):
    second = event("startEvent", "clock", ORDERED, extension=SITE.format(""))
    first = event("startEvent", "news", ORDERED, extension=SITE.format(""))
    deploy(start='<bpmn:startEvent id="start"/>' + first + second)

    arrival = news()
    receive_event(arrival)
    receive_event(arrival)

    assert open_steps() == ["arrived", "planned"]


def test_two_clocks_have_a_row_each(deploy, clock):
    moment = (clock.now + dt.timedelta(hours=2)).isoformat()
    later = f"<bpmn:timerEventDefinition><bpmn:timeDate>{moment}</bpmn:timeDate></bpmn:timerEventDefinition>"
    deploy(start=starts().replace(ORDERED, later))
    assert StartTimer.objects.count() == 2

    for _ in range(2):
        clock.advance(dt.timedelta(hours=1))
        begin_due()

    assert open_steps() == ["arrived", "planned", "planned"]


def test_a_process_that_only_news_begins_is_not_begun_by_hand(deploy, cast):
    body = BODY.replace('sourceRef="start"', 'sourceRef="news"')
    definition = deploy(body, start=starts().replace('<bpmn:startEvent id="start"/>', ""))

    with pytest.raises(InvalidInput, match="News begins this process"):
        start_process(
            definition.key, data={}, site=cast.provincial, subjects={}, start_key="x", actor=cast.carla
        )
    assert not ProcessInstance.objects.exists()


def test_the_first_event_behind_a_gateway_begins_a_case(deploy):
    body = (
        '<bpmn:eventBasedGateway id="first" instantiate="true"/>'
        + event("intermediateCatchEvent", "news", ORDERED, extension=SITE.format(""))
        + event("intermediateCatchEvent", "clock", EVERY_HOUR, extension=SITE.format(""))
        + user("arrived") + user("planned") + END
        + chain("first", "news", "arrived", "end") + chain("first", "clock", "planned", "end")
    )  # fmt: skip
    definition = deploy(body, start="")
    assert (definition.start_messages, definition.catch_messages) == (["SeriesComplete"], [])
    assert [each.element_id for each in StartTimer.objects.all()] == ["clock"]

    receive_event(news())

    assert open_steps() == ["arrived"]


@pytest.mark.parametrize("name", ["SeriesComplete", "ReportSigned"])
def test_any_trigger_of_a_start_event_begins_a_case_there(deploy, name):
    either = ORDERED + ORDERED.replace("M1", "M2")
    deploy(
        user("arrived") + END + chain("news", "arrived", "end"),
        start=event("startEvent", "news", either, extension=SITE.format("")),
    )

    receive_event(Event(uuid.uuid4(), name, {"subjects": {"study": "2.25.1"}}, uuid.uuid4()))

    assert open_steps() == ["arrived"]
