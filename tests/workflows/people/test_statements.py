"""What people do with a task costs the same number of statements, with three tasks and candidates and with thirty."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Membership, Person, Role
from tests.workflows.conftest import chain
from workflows import services
from workflows.models import ProcessInstance, TaskCandidate, UserTask
from workflows.people.attachments import attach
from workflows.people.comments import MOST_MENTIONED
from workflows.selectors import people_who_see, visible_cases

pytestmark = pytest.mark.django_db
PDF = b"%PDF-1.7\n%%EOF"
EACH = (
    '<bpmn:userTask id="look" name="look"><bpmn:extensionElements><consilium:form name="do" candidates="who"/>'
    "</bpmn:extensionElements><bpmn:multiInstanceLoopCharacteristics><bpmn:loopCardinality>count"
    "</bpmn:loopCardinality></bpmn:multiInstanceLoopCharacteristics></bpmn:userTask>"
)
BODY = EACH + '<bpmn:endEvent id="end"/>' + chain("start", "look", "end")


@pytest.fixture
def crowd(cast) -> list[Person]:
    """Thirty radiologists of the provincial hospital."""
    people = Person.objects.bulk_create(
        Person(username=f"reader{number}", display_name=f"Reader {number}") for number in range(30)
    )
    Membership.objects.bulk_create(
        Membership(person=each, site=cast.provincial, role=Role.RADIOLOGIST) for each in people
    )
    return people


@pytest.fixture
def counts(begin, cast, crowd) -> Callable[[int], dict[str, int]]:
    """How many statements each act costs in a case of `count` tasks, each offered to `count` people."""
    rounds = iter(range(100))

    def measure(count: int) -> dict[str, int]:
        people, found = crowd[:count], {}
        names = [each.username for each in people]
        case = begin(BODY, {"count": count, "who": names}, start_key=f"round {next(rounds)}")
        tasks = list(UserTask.objects.filter(instance=case).select_related("instance__definition"))
        assert (len(tasks), TaskCandidate.objects.filter(task=tasks[0]).count()) == (count, count)
        one, other, *_rest = people

        @contextmanager
        def counted(name: str) -> Iterator[None]:
            with CaptureQueriesContext(connection) as statements:
                yield
            found[name] = len(statements)

        with counted("claim"):
            services.claim_user_task(tasks[0], actor=one)
        with counted("delegate"):
            services.delegate_user_task(tasks[0], actor=one, to=other)
        with counted("hand back"):
            services.hand_back_user_task(tasks[0], actor=other)
        with counted("complete"):
            services.complete_user_task(tasks[0], actor=one, outcome="done", data={})
        with counted("decline"):
            services.decline_user_task(tasks[1], actor=other, reason="I know the patient")
        with counted("reassign"):
            services.reassign_user_task(tasks[1], actor=cast.carla, to=one, reason="Other is away")
        with counted("release"):
            services.reassign_user_task(tasks[1], actor=cast.carla, to=None, reason="Anybody")
        with counted("attach"):
            attach(case, person=one, name="letter.pdf", data=PDF)
        with counted("comment"):
            told = " ".join(f"@{name}" for name in names[:MOST_MENTIONED])
            services.add_comment(case, author=one, text=f"Look, {told}")
        return found

    return measure


def test_thirty_tasks_and_candidates_cost_what_three_do(counts):
    counts(3)  # what a process reads once, it has read
    few = counts(3)

    assert counts(30) == few
    assert max(few.values()) <= 20, few


def test_who_may_see_a_case_is_the_same_asked_either_way(begin, cast, crowd):
    for number, who in enumerate(([], ["reader3"], ["theo"])):
        begin(BODY, {"count": 2, "who": who}, start_key=f"{number}")
    taken = UserTask.objects.filter(instance__start_key="2")[0]
    services.claim_user_task(taken, actor=cast.theo)
    cast.rafael.is_active = False
    cast.rafael.save(update_fields=["is_active"])

    everybody = list(Person.objects.filter(is_active=True))
    for case in ProcessInstance.objects.all():
        seen = {each for each in everybody if visible_cases(each).filter(pk=case.pk).exists()}
        assert set(people_who_see(case)) == seen, case.start_key
