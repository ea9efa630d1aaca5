"""A step on what this process knows: right where nothing has moved since, and taken again under the lock where it has.

Another process is played by this one: it takes its step on the run it reads, and then the old run is put back.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEvent
from common.errors import Conflict, InvalidInput, NotFound
from events.models import Bulletin
from tests.workflows.conftest import chain, machine, timer, user
from workflows import services
from workflows.locks import Trust, warm_runs
from workflows.models import FormDraft, ProcessEvent, ProcessInstance, ServiceTaskRun, Timer, UserTask
from workflows.suspension.holding import CaseSuspended
from workflows.suspension.services import suspend_process

pytestmark = pytest.mark.django_db(transaction=True)
END = '<bpmn:endEvent id="end"/>'
TWO = user("a") + user("b") + END + chain("start", "a", "b", "end")


def finish(task: UserTask, person: Any, **data: Any) -> ProcessInstance:
    return services.complete_user_task(task, actor=person, outcome="done", data=data)


def statements_of(act: Callable[[], Any]) -> list[str]:
    with CaptureQueriesContext(connection) as asked:
        act()
    return [each["sql"] for each in asked.captured_queries]


def elsewhere(instance: ProcessInstance, act: Callable[[], Any]) -> None:
    """Act as another process does, which knows nothing of this one's run and leaves it as it was."""
    ours = warm_runs.take_unseen(instance.pk)
    assert ours is not None
    act()
    warm_runs.keep(instance.pk, ours)


def test_a_step_of_the_process_that_took_the_one_before_is_one_statement(begin, cast):
    instance = begin(TWO)
    first = UserTask.objects.get()

    assert len(statements_of(lambda: finish(first, cast.rosa))) == 1

    first.refresh_from_db()
    assert (first.status, first.assignee, first.outcome) == ("completed", cast.rosa, "done")
    assert [task.element_id for task in UserTask.objects.filter(status="ready")] == ["b"]
    assert list(ProcessEvent.objects.filter(instance=instance).values_list("kind", flat=True)) == [
        "case.started", "element.completed", "task.completed", "element.completed",
    ]  # fmt: skip
    assert AuditEvent.objects.filter(action="task.completed", object_uid=str(first.uid)).count() == 1
    assert Bulletin.objects.count() == 2


def test_the_case_handed_out_is_not_the_one_later_steps_go_on_with(begin, cast):
    begin(TWO)
    after_a = finish(UserTask.objects.get(), cast.rosa)
    after_b = finish(UserTask.objects.get(status="ready"), cast.rosa)

    assert (after_a.status, after_a.revision) == ("running", 2)
    assert (after_b.status, after_b.revision) == ("completed", 3)


def test_a_task_done_elsewhere_meanwhile_is_refused_and_not_done_twice(begin, cast):
    instance = begin(TWO)
    task = UserTask.objects.get()
    elsewhere(instance, lambda: finish(task, cast.rosa))

    with pytest.raises(Conflict) as refused:
        finish(task, cast.rosa)

    assert refused.value.code == "TASK_CLOSED"
    assert ProcessEvent.objects.filter(kind="task.completed").count() == 1
    assert UserTask.objects.filter(element_id="b").count() == 1


def test_a_task_that_came_from_another_process_is_done_under_the_lock(begin, cast):
    instance = begin(user("a") + user("b") + user("c") + END + chain("start", "a", "b", "c", "end"))
    elsewhere(instance, lambda: finish(UserTask.objects.get(), cast.rosa))

    finish(UserTask.objects.get(status="ready"), cast.rosa)

    assert UserTask.objects.get(status="ready").element_id == "c"


def test_a_task_taken_elsewhere_meanwhile_is_not_taken_away(begin, cast, django_user_model):
    li = django_user_model.objects.create_user("li", display_name="Li")
    li.memberships.create(site=cast.provincial, role="radiologist")
    instance = begin(TWO)
    task = UserTask.objects.get()
    elsewhere(instance, lambda: services.claim_user_task(task, actor=li))

    with pytest.raises(Conflict) as refused:
        finish(task, cast.rosa)

    assert refused.value.code == "TASK_TAKEN"
    assert UserTask.objects.get().assignee == li


def test_a_task_taken_here_is_finished_in_one_statement(begin, cast):
    begin(TWO)
    task = UserTask.objects.get()
    services.claim_user_task(task, actor=cast.rosa)

    assert len(statements_of(lambda: finish(task, cast.rosa))) == 1


def test_who_has_lost_the_role_meanwhile_cannot_finish(begin, cast):
    begin(TWO)
    cast.rosa.memberships.all().delete()

    with pytest.raises(NotFound):
        finish(UserTask.objects.get(), cast.rosa)

    assert UserTask.objects.get().status == "ready"


def test_a_case_suspended_elsewhere_meanwhile_takes_no_step(begin, cast):
    instance = begin(TWO)
    elsewhere(instance, lambda: suspend_process(instance, actor=cast.carla, reason="look"))

    with pytest.raises(CaseSuspended):
        finish(UserTask.objects.get(), cast.rosa)


def test_what_the_form_refuses_changes_nothing(begin, cast):
    begin(TWO)
    task = UserTask.objects.get()
    with pytest.raises(InvalidInput):
        finish(task, cast.rosa, answer=7)

    finish(task, cast.rosa)

    assert ProcessEvent.objects.filter(kind="task.completed").count() == 1


def test_a_draft_goes_with_its_task(begin, cast):
    begin(TWO)
    task = UserTask.objects.get()
    services.save_draft(task, person=cast.rosa, data={"answer": "no"}, revision=0)

    finish(task, cast.rosa)

    assert not FormDraft.objects.exists()


def test_a_step_with_rows_for_machines_and_clocks_is_written_under_the_lock(begin, cast):
    begin(
        user("a")
        + machine("m")
        + timer("late", "PT1H", attached_to="a")
        + END
        + chain("start", "a", "m", "end")
        + chain("late", "end")
    )
    asked = statements_of(lambda: finish(UserTask.objects.get(), cast.rosa))

    assert any("FOR NO KEY UPDATE" in sql for sql in asked)
    assert Timer.objects.get().status == "cancelled"
    assert ServiceTaskRun.objects.get().element_id == "m"


def test_within_a_transaction_of_somebody_elses_the_lock_is_taken_first(begin, cast):
    begin(TWO)
    task = UserTask.objects.get()
    with transaction.atomic():
        asked = statements_of(lambda: finish(task, cast.rosa))
        assert any("FOR NO KEY UPDATE" in sql for sql in asked)


def test_each_disappointment_doubles_how_long_the_database_is_asked_first():
    trust, pauses = Trust(), []
    for _ in range(12):
        assert trust
        trust.disappoint()
        pauses.append(next(tries for tries in range(Trust.LONGEST + 1) if trust))

    assert pauses == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 1024]


def test_one_confirmation_restores_the_trust():
    trust = Trust()
    trust.disappoint()
    assert not trust
    assert trust
    trust.confirm()
    trust.disappoint()

    assert not trust
    assert trust
