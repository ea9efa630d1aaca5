"""An escalation leaves a called case for the boundary of its call, once (BPMN 2.0.2 §10.5.1, §13.5.3)."""

from __future__ import annotations

from functools import partial

import pytest

from tests.bulletins import deliveries
from tests.workflows.calling.called_cases import OUTER, call, called, finish, open_names
from tests.workflows.conftest import bundle, chain, install, user
from tests.workflows.engine.drawing import END, boundary, end, marked, multi, throw
from tests.workflows.news.test_correlation import deliver_all
from workflows import services
from workflows.models import Incident, ProcessInstance

pytestmark = pytest.mark.django_db
TELLING = (
    user("ask") + throw("tell", "escalation") + user("more") + END + chain("start", "ask", "tell", "more", "end")
)  # fmt: skip
TELLING_AT_THE_END = user("ask") + end("tell", "escalation") + chain("start", "ask", "tell")


def edge(*, interrupts):
    return (
        boundary("told", "call", "escalation", interrupts=interrupts) + user("handle") + end("handled")
        + chain("told", "handle", "handled")
    )  # fmt: skip


@pytest.fixture
def news(step, clock):
    """Deliver what was published."""
    return lambda: step(lambda: deliver_all(clock))


def test_a_boundary_that_does_not_interrupt_is_told_while_the_called_case_goes_on(outer, step, news, cast):
    case = outer(OUTER + edge(interrupts=False), called_process=TELLING)

    step(lambda: finish(called(), "ask", cast.rosa))
    news()

    assert (open_names(case), open_names(called())) == (["handle"], ["more"])
    step(lambda: finish(called(), "more", cast.rosa))
    assert open_names(case) == ["after", "handle"]
    heard = case.events.filter(kind="escalation.received").values_list("element_id", "name")
    assert list(heard) == [("call", "LATE")]


def test_a_boundary_that_interrupts_takes_the_called_case_away(outer, step, news, cast):
    case = outer(OUTER + edge(interrupts=True), called_process=TELLING)

    step(lambda: finish(called(), "ask", cast.rosa))
    news()

    assert (called().status, called().outcome) == ("cancelled", "CALL_WITHDRAWN")
    assert (open_names(case), open_names(called())) == (["handle"], [])


@pytest.mark.parametrize(("interrupts", "open_steps"), [(True, ["handle"]), (False, ["after", "handle"])])
def test_what_was_escalated_is_told_before_the_end_although_its_news_is_late(
    outer, step, news, cast, interrupts, open_steps
):
    case = outer(OUTER + edge(interrupts=interrupts), called_process=TELLING_AT_THE_END)

    step(lambda: finish(called(), "ask", cast.rosa))

    assert open_names(case) == open_steps
    news()
    assert open_names(case) == open_steps


def test_a_case_that_escalates_and_ends_as_soon_as_it_is_called_is_heard(outer):
    case = outer(
        OUTER + edge(interrupts=True), called_process=end("tell", "escalation") + chain("start", "tell")
    )

    assert open_names(case) == ["handle"]


def test_each_of_several_calls_is_heard_while_the_others_go_on(outer, step, news, cast):
    body = (
        marked(call(), multi(cardinality="2")) + user("after") + END + chain("start", "call", "after", "end")
        + edge(interrupts=False)
    )  # fmt: skip
    case = outer(body, called_process=TELLING)

    for one in ProcessInstance.objects.exclude(call=None).order_by("pk"):
        step(partial(finish, one, "ask", cast.rosa))
        news()

    assert open_names(case) == ["handle", "handle"]


def test_news_that_is_told_again_is_heard_once(outer, step, news, cast):
    case = outer(OUTER + edge(interrupts=False), called_process=TELLING)
    step(lambda: finish(called(), "ask", cast.rosa))
    news()

    deliveries(name="EscalationThrown").update(delivered_at=None)
    news()

    assert open_names(case) == ["handle"]


def test_it_goes_out_through_a_call_that_does_not_catch_it(inner, begin, step, news, cast, tmp_path):
    inner(TELLING)
    install(bundle(call() + END + chain("start", "call", "end"), key="Middle"), tmp_path)
    begun = []
    step(lambda: begun.append(begin(OUTER.replace("Inner", "Middle") + edge(interrupts=False))))

    step(lambda: finish(called(), "ask", cast.rosa))
    news()

    assert open_names(begun[0]) == ["handle"]
    assert not Incident.objects.exists()


def test_one_that_no_caller_hears_is_an_incident_of_the_outermost(outer, step, news, cast):
    case = outer(called_process=TELLING)

    step(lambda: finish(called(), "ask", cast.rosa))
    news()

    (incident,) = Incident.objects.all()
    assert (incident.instance, incident.element_id) == (case, "call")
    assert (incident.code, incident.message) == ("ESCALATION_NOT_HEARD", "LATE")
    assert open_names(called()) == ["more"]


def test_one_of_a_case_that_nobody_called_is_an_incident_where_it_was_thrown(begin, step, news, cast):
    begun = []
    step(lambda: begun.append(begin(TELLING)))

    step(lambda: finish(begun[0], "ask", cast.rosa))
    news()

    (incident,) = Incident.objects.all()
    assert (incident.instance, incident.element_id) == (begun[0], "tell")
    assert open_names(begun[0]) == ["more"]


def test_a_suspended_caller_hears_it_when_it_goes_on(outer, step, news, cast):
    case = outer(OUTER + edge(interrupts=False), called_process=TELLING)
    services.suspend_process(case, actor=cast.carla, reason="The order is being cleared up.")
    step(lambda: finish(called(), "ask", cast.rosa))
    news()
    assert open_names(case) == []

    step(lambda: services.resume_process(case, actor=cast.carla))

    assert open_names(case) == ["handle"]


def test_a_caller_that_has_left_the_call_is_told_nothing(outer, step, news, cast, clock):
    case = outer(OUTER + edge(interrupts=False), called_process=TELLING)
    step(lambda: finish(called(), "ask", cast.rosa))
    step(lambda: services.cancel_process(case, actor=cast.carla, reason="ERROR"))

    news()

    assert ProcessInstance.objects.filter(status="running").count() == 0
    assert not case.events.filter(kind="escalation.received").exists()
