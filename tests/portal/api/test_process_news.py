"""Messages and signals sent to processes by programs."""

from __future__ import annotations

import datetime as dt

import pytest

from accounts.models import AuditEvent, Membership
from tests.workflows.conftest import begin, bundle, chain, operators, user  # noqa: F401 - fixtures
from tests.workflows.engine.drawing import END, catch
from tests.workflows.news.test_correlation import deliver_all, open_steps

KEYED = '<consilium:message correlate="number"/>'
WAITS = (
    catch("wait", "message", extension=KEYED) + user("after") + END + chain("start", "wait", "after", "end")
)
LISTENS = catch("wait", "signal") + user("after") + END + chain("start", "wait", "after", "end")


@pytest.fixture
def carla(cast, as_person):
    return as_person(cast.carla)


def tell(program, kind="messages", **body):
    return program.post(f"/api/process-{kind}/", {"site": "provincial", **body}, format="json")


@pytest.fixture
def message_name():
    """What the drawings of the tests call their own message."""
    return "ResultReady"


def test_a_message_reaches_who_waits_for_its_key_and_nobody_else(begin, carla, clock, message_name):  # noqa: F811
    mine = begin(WAITS, {"number": 7}, start_key="7")
    other = begin(WAITS, {"number": 8}, start_key="8")

    answer = tell(carla, name=message_name, key="7", payload={"n": 1})
    deliver_all(clock)

    assert answer.status_code == 202, answer.json()
    assert (open_steps(mine), open_steps(other)) == (["after"], [])
    assert AuditEvent.objects.filter(action="message.told", object_uid=message_name).count() == 1


def test_a_signal_reaches_everybody_who_listens(begin, carla, clock):  # noqa: F811
    listening = [begin(LISTENS, start_key=str(number)) for number in range(2)]
    clock.advance(dt.timedelta(seconds=1))

    assert tell(carla, "signals", name="AllClear").status_code == 202
    deliver_all(clock)

    assert [open_steps(each) for each in listening] == [["after"], ["after"]]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "ReportSigned", "key": "7"}, "name"),
        ({"name": "CaseChanged", "key": "7"}, "name"),
        ({"name": "Nobody", "key": "7"}, "name"),
        ({"name": "ResultReady"}, "key"),
        ({"name": "ResultReady", "key": "7", "payload": {"site_code": "county"}}, "payload"),
        ({"name": "ResultReady", "key": "7", "payload": {"x": "y" * 100_001}}, "payload"),
        ({"name": "ResultReady", "key": "7", "site": "county"}, "site"),
        ({"name": "ResultReady", "key": "7", "subjects": {"study": "1.2.3"}}, "subjects"),
    ],
)
def test_news_that_cannot_be_sent_is_refused_by_field(begin, carla, body, field):  # noqa: F811
    begin(WAITS)

    answer = tell(carla, **body)

    assert (answer.status_code, list(answer.json()["fields"])) == (400, [field])


@pytest.mark.parametrize(
    ("kind", "name", "body"), [("messages", "ResultReady", WAITS), ("signals", "AllClear", LISTENS)]
)
def test_nobody_moves_a_case_of_a_site_they_do_not_look_after(
    begin, cast, as_person, clock, kind, name, body  # noqa: F811
):  # fmt: skip
    case = begin(body)
    Membership.objects.create(person=cast.otto, site=cast.elsewhere, role="coordinator")

    answer = tell(
        as_person(cast.otto),
        kind,
        site="elsewhere",
        name=name,
        **({"key": "7"} if kind == "messages" else {}),
    )
    deliver_all(clock)

    assert answer.status_code == 403
    assert open_steps(case) == []
