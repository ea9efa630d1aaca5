"""Candidates written in the diagram: the step is offered to them, instead of to its lane's role."""

from __future__ import annotations

import pytest

from accounts.models import AccessGrant
from common.errors import Conflict, NotFound, ServiceError
from events.services import Event
from notifications.subscribers import audience_of
from tests.bulletins import deliveries
from tests.workflows.conftest import bundle, chain, user
from workflows import services
from workflows.checks import check_bundle
from workflows.models import TaskCandidate, UserTask
from workflows.selectors import inbox, people_offered, visible_cases

pytestmark = pytest.mark.django_db


def body(asked: str) -> str:
    return user("look", asked) + '<bpmn:endEvent id="end"/>' + chain("start", "look", "end")


def test_a_step_with_candidate_people_is_theirs_to_take_and_not_the_role_s(begin, cast, li):
    instance = begin(body('candidates="who"'), {"who": ["li", "rafael"]})

    assert not inbox(cast.rosa).exists()
    assert [inbox(each).count() for each in (li, cast.rafael)] == [1, 1]
    assert visible_cases(cast.rafael).filter(pk=instance.pk).exists()
    assert set(people_offered(UserTask.objects.select_related("site").get())) == {li, cast.rafael}
    granted = AccessGrant.objects.values_list("person__username", "role")
    assert set(granted) == {("li", ""), ("rafael", "")}


def test_one_candidate_may_be_written_without_a_list(begin, cast, li):
    begin(body('candidates="who"'), {"who": "li"})

    assert inbox(li).count() == 1


def test_no_candidate_leaves_the_step_to_the_lane_s_role(begin, cast, li):
    begin(body('candidates="who"'), {"who": []})

    assert inbox(cast.rosa).count() == 1
    assert not TaskCandidate.objects.exists()


def test_candidate_roles_are_asked_at_the_step_s_site(begin, cast, li):
    begin(body('roles="coordinator administrator"'))

    assert [inbox(each).count() for each in (cast.carla, cast.ines, cast.rosa)] == [1, 1, 0]


def test_a_step_taken_by_a_candidate_leaves_the_others_and_comes_back_when_put_back(begin, cast, li):
    begin(body('candidates="who" roles="coordinator"'), {"who": ["li"]})
    task = UserTask.objects.get()

    services.claim_user_task(task, actor=cast.carla)
    assert not inbox(li).exists()
    with pytest.raises(Conflict) as refusal:
        services.claim_user_task(task, actor=li)
    assert refusal.value.message == "Carla has taken this task."
    with pytest.raises(NotFound):
        services.claim_user_task(task, actor=cast.rosa)

    services.release_user_task(task, actor=cast.carla)
    assert inbox(li).count() == 1


def test_a_finished_step_is_offered_to_nobody(begin, cast, li):
    begin(body('candidates="who"'), {"who": ["li"]})

    services.complete_user_task(UserTask.objects.get(), actor=li, outcome="done", data={})

    assert not TaskCandidate.objects.exists()


def test_a_candidate_who_declines_is_not_asked_again_and_the_last_one_s_goes_to_the_role(begin, cast, li):
    begin(body('candidates="who"'), {"who": ["li", "rafael"]})
    task = UserTask.objects.get()

    services.decline_user_task(task, actor=li, reason="On leave")
    assert not inbox(li).exists()
    assert inbox(cast.rafael).count() == 1

    services.decline_user_task(task, actor=cast.rafael, reason="Not mine to read")
    assert [inbox(each).count() for each in (li, cast.rosa)] == [1, 1]


def test_a_candidate_without_an_account_stops_the_process_with_an_incident(begin):
    with pytest.raises(ServiceError):
        begin(body('candidates="who"'), {"who": ["nobody"]})


def test_the_news_of_an_offered_step_reaches_its_candidates(begin, cast, li):
    begin(body('candidates="who"'), {"who": ["li"]})
    task = UserTask.objects.get()

    (news,) = deliveries(name="UserTaskOffered", subscriber="notifications.task_offered")
    assert news.payload["task_uid"] == str(task.uid)
    assert audience_of(Event(news.event_uid, news.name, news.payload, news.trace_id)) == [li]


@pytest.mark.parametrize(
    ("asked", "problem"),
    [
        ('roles="radiologist surgeon"', "look: The form names a role that does not exist: surgeon"),
        ('candidates="import os"', "look: candidates: Not an expression: 'import os'"),
    ],
)
def test_candidates_nobody_could_be_are_refused_at_deploy(asked, problem):
    assert problem in [str(each) for each in check_bundle(bundle(body(asked)))]
