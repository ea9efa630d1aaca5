"""Giving tasks to others: delegate, hand back, decline, reassign; each with who may and who may not."""

from __future__ import annotations

import pytest

from accounts.models import AccessGrant, AuditEvent, Person
from common.errors import Conflict, InvalidInput, NotFound
from tests.bulletins import deliveries
from tests.workflows.conftest import LANE, chain, user
from workflows import services
from workflows.models import FormDraft, ProcessEvent, UserTask
from workflows.selectors import inbox

pytestmark = pytest.mark.django_db
BODY = user("look") + '<bpmn:endEvent id="end"/>' + chain("start", "look", "end")
PERSONAL = LANE.replace('site="site"', 'site="site" person="who"')


def told() -> list[str]:
    return list(ProcessEvent.objects.order_by("pk").values_list("kind", flat=True))


def has_study(person: Person) -> bool:
    return AccessGrant.objects.filter(person=person, revoked_at=None).exists()


def test_a_delegated_task_is_the_colleague_s_to_work_on_and_the_owner_s_to_finish(task, cast, li):
    services.save_draft(task, person=cast.rosa, data={"done": {"answer": "half"}}, revision=0)

    services.delegate_user_task(task, actor=cast.rosa, to=li, note="Please measure")

    task.refresh_from_db()
    assert (task.assignee, task.owner, task.delegation, task.status) == (li, cast.rosa, "pending", "ready")
    assert (inbox(li).count(), inbox(cast.rosa).count()) == (1, 0)
    assert FormDraft.objects.get(person=li).data == {"done": {"answer": "half"}}
    assert has_study(li)
    with pytest.raises(Conflict) as refusal:
        services.complete_user_task(task, actor=li, outcome="done", data={})
    assert refusal.value.code == "TASK_DELEGATED"

    services.save_draft(task, person=li, data={"done": {"answer": "whole"}}, revision=1)
    services.hand_back_user_task(task, actor=li, note="14 mm")

    task.refresh_from_db()
    assert (task.assignee, task.owner, task.delegation, task.status) == (
        cast.rosa,
        None,
        "resolved",
        "claimed",
    )
    assert FormDraft.objects.get().data == {"done": {"answer": "whole"}}
    assert FormDraft.objects.get().person == cast.rosa
    assert not has_study(li)
    services.complete_user_task(task, actor=cast.rosa, outcome="done", data={"answer": "whole"})
    assert [kind for kind in told() if kind.startswith("task.")] == [
        "task.claimed", "task.delegated", "task.handed_back", "task.completed",
    ]  # fmt: skip


def test_the_colleague_is_told_and_the_news_names_nobody_s_words(task, cast, li):
    services.delegate_user_task(task, actor=cast.rosa, to=li, note="Zhang's nodule")

    news = deliveries(name="UserTaskOffered").latest("pk").payload
    assert news["assignee"] == "li"
    assert "nodule" not in str(news)
    assert "nodule" not in str(AuditEvent.objects.get(action="task.delegated").detail)
    assert ProcessEvent.objects.get(kind="task.delegated").detail["notes"] == {"note": "Zhang's nodule"}


def test_who_delegated_takes_back_by_claiming(task, cast, li):
    services.delegate_user_task(task, actor=cast.rosa, to=li)

    services.claim_user_task(task, actor=cast.rosa)

    task.refresh_from_db()
    assert (task.assignee, task.owner, task.delegation) == (cast.rosa, None, "")
    with pytest.raises(Conflict) as refusal:
        services.save_draft(task, person=li, data={}, revision=0)
    assert refusal.value.message == "Rosa has taken this task."


def test_a_task_passed_on_for_good_is_finished_by_who_has_it(task, cast, li):
    services.delegate_user_task(task, actor=cast.rosa, to=li, comes_back=False)

    task.refresh_from_db()
    assert (task.assignee, task.owner, task.delegation) == (li, None, "")
    services.complete_user_task(task, actor=li, outcome="done", data={"answer": "x"})
    task.refresh_from_db()
    assert task.completed_by == li


def test_only_who_could_do_the_task_is_asked(task, cast):
    for stranger in (cast.otto, cast.carla, cast.rosa):
        with pytest.raises(InvalidInput) as refusal:
            services.delegate_user_task(task, actor=cast.rosa, to=stranger)
        assert set(refusal.value.fields) == {"to"}
    Person.objects.filter(username="rosa").update(is_active=False)


def test_a_delegated_task_is_not_delegated_on_nor_put_back_to_the_role(task, cast, li):
    services.delegate_user_task(task, actor=cast.rosa, to=li)

    for act in (
        lambda: services.delegate_user_task(task, actor=li, to=cast.rosa),
        lambda: services.release_user_task(task, actor=li),
        lambda: services.hand_back_user_task(task, actor=cast.rosa),
    ):
        with pytest.raises(Conflict):
            act()


def test_declining_a_delegated_task_brings_it_back_with_the_reason(task, cast, li):
    services.delegate_user_task(task, actor=cast.rosa, to=li)
    task.refresh_from_db()

    services.decline_user_task(task, actor=li, reason="On call elsewhere")

    task.refresh_from_db()
    assert (task.assignee, task.status) == (cast.rosa, "claimed")
    assert ProcessEvent.objects.get(kind="task.declined").detail["notes"] == {"note": "On call elsewhere"}


def test_declining_a_task_given_by_name_offers_it_to_the_role(begin, cast, li):
    begin(BODY, {"who": "rosa"}, lane=PERSONAL)
    task = UserTask.objects.select_related("instance__definition").get()
    assert has_study(cast.rosa)

    services.decline_user_task(task, actor=cast.rosa, reason="Not my field")

    task.refresh_from_db()
    assert (task.assignee, task.is_personal, task.status) == (None, False, "ready")
    assert inbox(li).count() == 1
    assert not has_study(cast.rosa)
    assert AccessGrant.objects.filter(role="radiologist", revoked_at=None).exists()


def test_declining_needs_a_reason_and_something_to_decline(begin, cast):
    begin(BODY)
    task = UserTask.objects.select_related("instance__definition").get()

    with pytest.raises(InvalidInput) as refusal:
        services.decline_user_task(task, actor=cast.rosa, reason="  ")
    assert refusal.value.fields == {"reason": "Say why."}
    with pytest.raises(Conflict) as refused:
        services.decline_user_task(task, actor=cast.rosa, reason="No")
    assert refused.value.code == "TASK_NOT_TAKEN"


@pytest.mark.parametrize("assigner", ["carla", "ines"])
def test_a_coordinator_or_administrator_gives_a_task_to_somebody_else(task, cast, li, assigner):
    actor = getattr(cast, assigner)

    services.reassign_user_task(task, actor=actor, to=li, reason="Rosa is ill")

    task.refresh_from_db()
    assert (task.assignee, task.status) == (li, "ready")
    assert inbox(li).count() == 1
    line = AuditEvent.objects.get(action="task.reassigned")
    assert (line.person, line.detail["to"]) == (actor, "li")
    assert "ill" not in str(line.detail)


def test_a_reassigned_task_may_be_given_back_to_the_role(task, cast, li):
    services.reassign_user_task(task, actor=cast.carla, to=None, reason="Rosa is ill")

    assert (inbox(li).count(), inbox(cast.rosa).count()) == (1, 1)


@pytest.mark.parametrize("stranger", ["otto", "theo", "ivo", "rafael", "rosa"])
def test_nobody_else_reassigns(task, cast, li, stranger):
    with pytest.raises(NotFound):
        services.reassign_user_task(task, actor=getattr(cast, stranger), to=li, reason="Mine")

    task.refresh_from_db()
    assert task.assignee == cast.rosa
