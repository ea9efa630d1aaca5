"""Two at once who overlap for certain: nobody gets the case before both of them wait for it.

Threads that merely begin together may come one after the other, as in `test_races`; here none can.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from django.db import connection, transaction

from accounts.models import Person
from common.errors import Conflict
from config.demo.waiting import wait_for
from tests.workflows.conftest import chain, machine, user
from tests.workflows.engine.drawing import END, catch, parallel
from tests.workflows.people.test_concurrency import at_once
from workflows import services
from workflows.locks import lock_instance, warm_runs
from workflows.models import ProcessEvent, ProcessInstance, ServiceTaskRun, ThrownMessage, UserTask
from workflows.news.correlation import offer, send_message

pytestmark = pytest.mark.django_db(transaction=True)


def overlapping(*acts):
    """What each act returned or raised; all of them waited for the case at the same time."""
    with ThreadPoolExecutor(1) as beside:
        with transaction.atomic():
            lock_instance(ProcessInstance.objects.get().pk)
            together = beside.submit(at_once, *acts)
            wait_for(lambda: waiting() == len(acts), within_s=20, otherwise="Not all wait for the case")
        return together.result()


def waiting() -> int:
    """How many sessions wait for a lock in this database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")  # else a transaction sees the same each time
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return int(cursor.fetchone()[0])


@pytest.fixture(params=[True, False], ids=["warm", "restored"])
def begin_it(request, begin):
    """Begin a case whose run is kept in memory, or is not."""

    def make(*args):
        begin(*args)
        if not request.param:
            warm_runs.forget()

    return make


def test_two_people_on_one_task(begin_it, cast):
    li = Person.objects.create_user("li", display_name="Li")
    li.memberships.create(site=cast.provincial, role="radiologist")
    begin_it(user("look") + user("next") + END + chain("start", "look", "next", "end"))
    done = partial(services.complete_user_task, UserTask.objects.get(), outcome="done", data={})

    results = overlapping(partial(done, actor=cast.rosa), partial(done, actor=li))

    assert sorted(type(each).__name__ for each in results) == ["Conflict", "ProcessInstance"]
    assert next(each.code for each in results if isinstance(each, Conflict)) == "TASK_CLOSED"
    assert set(UserTask.objects.values_list("name", "status")) == {("look", "completed"), ("next", "ready")}
    assert ProcessEvent.objects.filter(kind="element.completed", element_id="look").count() == 1


def test_two_workers_on_one_instance(begin_it):
    body = parallel("s") + parallel("j") + machine("a") + machine("b") + user("after") + END
    begin_it(body + chain("start", "s", "a", "j", "after", "end") + chain("s", "b", "j"))
    runs = ServiceTaskRun.objects.values_list("pk", flat=True)

    overlapping(*(partial(services.complete_service_task, uid, result={}) for uid in runs))

    assert UserTask.objects.get().status == "ready"
    assert ProcessEvent.objects.filter(kind="element.completed", element_id="j").count() == 1
    assert set(ServiceTaskRun.objects.values_list("status", flat=True)) == {"completed"}


def test_two_workers_with_one_answer(begin_it):
    begin_it(machine("a") + user("after") + END + chain("start", "a", "after", "end"))
    run = ServiceTaskRun.objects.get()

    overlapping(*(partial(services.complete_service_task, run.pk, result={"n": number}) for number in (1, 2)))

    assert UserTask.objects.get().status == "ready"
    assert ProcessEvent.objects.filter(kind="element.completed", element_id="a").count() == 1


def test_two_messages_for_one_token(begin_it):
    body = catch("wait", "message", extension='<consilium:message correlate="key"/>') + user("after") + END
    begin_it(body + chain("start", "wait", "after", "end"), {"key": "k1"})
    sent = [
        send_message("ResultReady", key="k1", payload={"n": n}, site_code="provincial", subjects={})
        for n in (1, 2)
    ]

    taken = overlapping(*(partial(offer, uid) for uid in sent))

    assert sorted(taken) == [False, True]
    assert UserTask.objects.get().status == "ready"
    assert ThrownMessage.objects.filter(taken_at=None).count() == 1
