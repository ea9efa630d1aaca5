"""The steps a diagram can name to reach people."""

from __future__ import annotations

import uuid

import pytest

from accounts.actors import SystemActor
from common.errors import InvalidInput, NotFound
from notifications.selectors import unread
from notifications.service_tasks import notify_role, remind
from notifications.texts import text_of
from tests.notifications.conftest import MakeTask
from tests.personas import Cast
from workflows.models import ProcessInstance, UserTask
from workflows.service_tasks import TaskContext, find_operator


@pytest.fixture
def context(case: ProcessInstance) -> TaskContext:
    return TaskContext(
        instance_uid=case.uid, run_uid=uuid.uuid4(), element_id="Remind", trace_id=case.trace_id,
        site_code="county", subjects={"case": str(case.uid)}, attempt=1, actor=SystemActor("workflow"),
    )  # fmt: skip


def test_diagrams_find_them_by_name() -> None:
    assert find_operator("notifications.remind") is not None
    assert find_operator("notifications.notify_role") is not None


def test_who_has_the_waiting_step_is_reminded(cast: Cast, make_task: MakeTask, context: TaskContext) -> None:
    make_task(assignee=cast.rosa, name="Read study")

    assert remind(context, element_id="read") == {"notified": 1}
    assert remind(context, element_id="read") == {"notified": 0}  # the same attempt once more

    (told,) = unread(cast.rosa)
    assert text_of(told).title == "A case still waits for you"
    assert text_of(told).body == "Still to be done: Read study."


def test_a_step_nobody_took_is_called_to_mind_of_everyone_who_may(
    cast: Cast, make_task: MakeTask, context: TaskContext
) -> None:
    make_task(role="coordinator")

    assert remind(context, element_id="read") == {"notified": 1}
    assert unread(cast.carla).count() == 1


def test_a_step_done_meanwhile_reminds_nobody(cast: Cast, make_task: MakeTask, context: TaskContext) -> None:
    task = make_task(assignee=cast.rosa)
    UserTask.objects.filter(uid=task.uid).update(status=UserTask.Status.COMPLETED)

    assert remind(context, element_id="read") == {"notified": 0}
    assert not unread(cast.rosa).exists()


def test_a_role_is_told_at_the_named_site_or_at_the_processs_own(cast: Cast, context: TaskContext) -> None:
    assert notify_role(context, role="coordinator", site_code="provincial") == {"notified": 1}
    assert unread(cast.carla).count() == 1

    assert notify_role(context, role="referrer") == {"notified": 1}
    assert unread(cast.rafael).count() == 1
    assert not unread(cast.otto).exists()


def test_an_unknown_role_or_site_is_refused_by_name(cast: Cast, context: TaskContext) -> None:
    with pytest.raises(InvalidInput) as refusal:
        notify_role(context, role="juggler")
    assert refusal.value.code == "UNKNOWN_ROLE"
    with pytest.raises(NotFound) as absence:
        notify_role(context, role="coordinator", site_code="atlantis")
    assert absence.value.code == "UNKNOWN_SITE"


@pytest.mark.parametrize(
    ("element_id", "title", "body"),
    [
        ("read", "A case has waited too long", "Not done in time: Read study. Please find somebody else."),
        ("images", "A case needs your attention", "Step: Images complete."),
    ],
)
def test_a_role_is_told_which_step_it_is_about(
    cast: Cast, context: TaskContext, element_id: str, title: str, body: str
) -> None:
    notify_role(context, role="coordinator", site_code="provincial", element_id=element_id)

    text = text_of(unread(cast.carla).get())
    assert (text.title, text.body) == (title, body)


def test_a_step_the_diagram_does_not_have_is_refused(cast: Cast, context: TaskContext) -> None:
    with pytest.raises(InvalidInput) as refusal:
        notify_role(context, role="coordinator", site_code="provincial", element_id="dance")
    assert refusal.value.code == "UNKNOWN_STEP"
