"""The inbox in pages: everything once, in order, and by a number of statements that does not change."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from accounts.models import Membership, Person, Role, Site
from common import clock as now
from tests.workflows.conftest import chain, user
from workflows.instances import start_process
from workflows.models import ProcessDefinition, ProcessInstance, TaskCandidate, UserTask, list_order
from workflows.people import inboxes
from workflows.people.inboxes import COUNTED, Wish, inbox_counts, inbox_page, overdue, place_of, team_page

pytestmark = pytest.mark.django_db


@pytest.fixture
def case(cast) -> ProcessInstance:
    definition = ProcessDefinition.objects.create(
        key="Sample", version=1, name="Sample", digest="0", files={}, imported_at=now.now()
    )
    return ProcessInstance.objects.create(
        definition=definition, site=cast.provincial, start_key="one", state=b"", trace_id=uuid.uuid4(),
        started_at=now.now(), changed_at=now.now(),
    )  # fmt: skip


@pytest.fixture
def offer(case, cast):
    """A task waiting `minutes` already; due in `due` minutes where told."""

    def make(
        minutes: int, *, priority: str = "ROUTINE", due: int | None = None, site: Site | None = None,
        role: Role = Role.RADIOLOGIST, assignee: Person | None = None, **more: object,
    ) -> UserTask:  # fmt: skip
        at = now.now()
        due_at = None if due is None else at + dt.timedelta(minutes=due)
        return UserTask.objects.create(
            uid=uuid.uuid4(), instance=case, element_id="look", name=f"{priority}{minutes}", form="do",
            role=role, site=site or cast.provincial, assignee=assignee, priority=priority,
            offered_at=at - dt.timedelta(minutes=minutes),
            due_at=due_at, **list_order(priority, due_at), **more,
        )  # fmt: skip

    return make


def names(tasks: list[UserTask]) -> list[str]:
    return [task.name for task in tasks]


def test_a_task_is_written_with_its_place_in_lists(begin, cast):
    begin(user("look") + '<bpmn:endEvent id="end"/>' + chain("start", "look", "end"))
    urgent = start_process(
        ProcessDefinition.objects.get().key, data={"site": "provincial"}, site=cast.provincial, subjects={},
        start_key="urgent", actor=cast.rosa, priority="URGENT",
    )  # fmt: skip
    task = urgent.user_tasks.get()

    assert (task.rank, task.due_by) == (1, dt.datetime(9999, 12, 31, tzinfo=dt.UTC))
    assert list_order("STAT", task.offered_at) == {"rank": 0, "due_by": task.offered_at}
    assert list_order("ROUTINE", None)["rank"] == list_order("any other", None)["rank"] == 2


def test_the_urgent_come_first_then_what_is_due_then_what_waits_longest(offer, cast):
    offer(9), offer(1, due=60), offer(2, due=5), offer(3, priority="STAT"), offer(4, priority="URGENT")

    assert names(inbox_page(cast.rosa)) == ["STAT3", "URGENT4", "ROUTINE2", "ROUTINE1", "ROUTINE9"]


def test_pages_follow_one_another_without_a_gap_or_a_repetition(offer, cast):
    made = [
        offer(n, priority=("STAT", "URGENT", "ROUTINE")[n % 3], due=(n % 4) * 10 or None) for n in range(25)
    ]
    whole = [task.uid for task in inbox_page(cast.rosa, size=100)]

    paged, after = [], None
    while page := inbox_page(cast.rosa, after=after, size=4):
        paged += [task.uid for task in page]
        after = place_of(page[-1])

    assert paged == whole
    assert Counter(paged) == Counter(task.uid for task in made)


def test_a_page_is_not_moved_by_what_comes_in_before_it(offer, cast):
    for minutes in range(6):
        offer(minutes)
    first = inbox_page(cast.rosa, size=3)
    offer(1, priority="STAT")

    second = inbox_page(cast.rosa, after=place_of(first[-1]), size=3)

    assert names(second) == ["ROUTINE2", "ROUTINE1", "ROUTINE0"]


def test_each_part_is_found_and_nothing_of_others(offer, cast, case):
    mine = offer(1, assignee=cast.rosa, site=cast.county)
    free = offer(2)
    offer(3, assignee=cast.carla), offer(4, site=cast.county), offer(5, role=Role.COORDINATOR)
    offer(6, status="completed")
    named = offer(7, has_candidates=True, role=Role.REFERRER)
    for_role = offer(8, has_candidates=True, role=Role.REFERRER)
    order = {"rank": 2, "due_by": named.due_by}
    TaskCandidate.objects.create(task=named, person=cast.rosa, offered_at=named.offered_at, **order)
    TaskCandidate.objects.create(
        task=for_role, site=cast.provincial, role=Role.RADIOLOGIST, offered_at=for_role.offered_at, **order
    )
    TaskCandidate.objects.create(task=for_role, person=cast.rosa, offered_at=for_role.offered_at, **order)

    assert inbox_page(cast.rosa) == [for_role, named, free, mine]
    assert inbox_page(cast.otto) == []
    assert inbox_page(cast.rosa, Wish(mine=False)) == [for_role, named, free]
    assert inbox_page(cast.rosa, Wish(free=False)) == [mine]


def test_a_wish_narrows_by_site_role_lane_element_urgency_and_lateness(offer, cast):
    Membership.objects.create(person=cast.rosa, site=cast.county, role=Role.COORDINATOR)
    here = offer(1, lane="Experts", due=-5)
    there = offer(2, site=cast.county, role=Role.COORDINATOR, priority="STAT")

    assert inbox_page(cast.rosa, Wish(site="county")) == [there]
    assert inbox_page(cast.rosa, Wish(role="radiologist")) == [here]
    assert inbox_page(cast.rosa, Wish(lane="Experts")) == [here]
    assert inbox_page(cast.rosa, Wish(element="elsewhere")) == []
    assert inbox_page(cast.rosa, Wish(ranks=(0,))) == [there]
    assert inbox_page(cast.rosa, overdue(Wish())) == [here]


def test_counting_stops_where_more_would_not_be_shown(offer, cast):
    offer(1), offer(2, assignee=cast.rosa, due=-1)
    wishes = {"all": Wish(), "mine": Wish(free=False), "late": overdue(Wish())}

    assert inbox_counts(cast.rosa, wishes) == {"all": 2, "mine": 1, "late": 1}
    for minutes in range(COUNTED + 5):
        offer(minutes)
    assert inbox_counts(cast.rosa, wishes)["all"] == COUNTED


def test_who_assigns_tasks_sees_those_of_the_site_whoever_has_them(offer, cast):
    mine, free = offer(2, assignee=cast.rosa), offer(1)
    offer(3, site=cast.county)
    sites = Site.objects.filter(code="provincial")

    assert team_page(sites) == [mine, free]
    assert team_page(sites, after=place_of(mine)) == [free]
    assert team_page(sites, Wish(mine=False)) == [free]
    assert team_page(Site.objects.none()) == []


def test_many_tasks_and_many_roles_cost_the_same_two_statements(offer, cast, django_assert_num_queries):
    for number in range(30):
        site = Site.objects.create(
            code=f"s{number}", name=f"S{number}", kind="county", authority_namespace=f"S{number}"
        )
        for role in Role.values:
            Membership.objects.create(person=cast.rosa, site=site, role=role)
        offer(number, site=site)

    with django_assert_num_queries(2):  # the tasks, and their cases' subjects
        found = inbox_page(cast.rosa)
        assert len({(task.instance.uid, task.site.code, task.assignee) for task in found}) == 30
    with django_assert_num_queries(1):
        assert inbox_counts(cast.rosa, {"all": Wish()}) == {"all": 30}


def test_no_more_rows_are_read_than_pages_can_show_however_many_wait(offer, cast, case):
    at = now.now()
    priorities = [("STAT", "ROUTINE")[number % 3 == 0] for number in range(3000)]
    UserTask.objects.bulk_create(
        UserTask(
            uid=uuid.uuid4(), instance=case, element_id="look", name="x", form="do", role=Role.RADIOLOGIST,
            site=cast.provincial, assignee=cast.carla if number % 2 else None, offered_at=at,
            status="claimed" if number % 2 else "ready", priority=priority, **list_order(priority, None),
        )
        for number, priority in enumerate(priorities)
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE workflows_usertask")
        cursor.execute(
            f"EXPLAIN (ANALYZE, FORMAT JSON) {inboxes._PAGE}",
            inboxes._parameters(cast.rosa, Wish(), None, 20),
        )
        (plan,) = json.loads(json.dumps(cursor.fetchone()[0]))

    scans = [each for each in nodes_of(plan["Plan"]) if each.get("Relation Name") == "workflows_usertask"]
    read = sum(
        (each["Actual Rows"] + each.get("Rows Removed by Filter", 0)) * each["Actual Loops"] for each in scans
    )
    assert {each["Node Type"] for each in scans} <= {"Index Scan", "Index Only Scan"}
    assert {each["Index Name"] for each in scans if each["Actual Rows"]} == {"task_free"}
    assert read <= 3 * 20  # three urgencies, twenty rows of each


def nodes_of(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", []):
        yield from nodes_of(part)
