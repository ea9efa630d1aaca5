from __future__ import annotations

from datetime import timedelta

import pytest

from common.errors import Conflict, InvalidInput, NotFound
from tests.workflows.conftest import LANE, chain, user
from workflows import services
from workflows.forms import data as forms
from workflows.forms.views import form_view
from workflows.models import UserTask, list_order
from workflows.selectors import inbox, workable_tasks

pytestmark = pytest.mark.django_db
BODY = user("look") + '<bpmn:endEvent id="end"/>' + chain("start", "look", "end")


def test_a_free_task_is_in_the_inbox_of_everyone_with_the_role_there(begin, cast, li):
    begin(BODY)

    assert inbox(cast.rosa).count() == inbox(li).count() == 1
    for person in (cast.carla, cast.rafael, cast.otto):
        assert not inbox(person).exists()


def test_a_task_taken_leaves_the_other_inboxes_and_comes_back_when_put_back(begin, cast, li):
    begin(BODY)
    task = UserTask.objects.get()

    services.claim_user_task(task, actor=cast.rosa)
    assert inbox(cast.rosa).get().status == "claimed"
    assert not inbox(li).exists()
    assert task in workable_tasks(li)

    services.release_user_task(task, actor=cast.rosa)
    assert inbox(li).get().status == "ready"


def test_only_one_of_two_takes_a_task(begin, cast, li):
    begin(BODY)
    task = UserTask.objects.get()
    services.claim_user_task(task, actor=cast.rosa)
    services.claim_user_task(task, actor=cast.rosa)

    with pytest.raises(Conflict) as refusal:
        services.claim_user_task(task, actor=li)
    assert refusal.value.code == "TASK_TAKEN"
    with pytest.raises(Conflict):
        services.release_user_task(task, actor=li)
    with pytest.raises(Conflict):
        services.complete_user_task(task, actor=li, outcome="done", data={})


def test_a_task_given_by_name_is_nobody_else_s_and_not_put_back(begin, cast, li):
    begin(BODY, {"who": "rosa"}, lane=LANE.replace('site="site"', 'site="site" person="who"'))
    task = UserTask.objects.get()

    assert (task.assignee, task.is_personal) == (cast.rosa, True)
    assert not inbox(li).exists()
    with pytest.raises(Conflict) as refusal:
        services.release_user_task(task, actor=cast.rosa)
    assert refusal.value.code == "TASK_PERSONAL"


def test_finishing_tells_the_process_outcome_and_data(begin, cast):
    instance = begin(BODY)

    services.complete_user_task(UserTask.objects.get(), actor=cast.rosa, outcome="done", data={"answer": "x"})

    task = UserTask.objects.get()
    assert (task.status, task.outcome, task.completed_by) == ("completed", "done", cast.rosa)
    instance.refresh_from_db()
    assert instance.status == "completed"


def test_an_outcome_the_form_does_not_have_is_refused(begin, cast):
    begin(BODY)

    with pytest.raises(InvalidInput) as refusal:
        services.complete_user_task(UserTask.objects.get(), actor=cast.rosa, outcome="sign", data={})

    assert refusal.value.code == "OUTCOME_UNKNOWN"


def test_a_refused_submission_changes_nothing(begin, cast, monkeypatch):
    def refuse(_task, _person, _data):
        raise InvalidInput("No", fields={"answer": "No."})

    monkeypatch.setitem(forms._submissions, "test.refuse", refuse)
    monkeypatch.setattr(forms, "_parsed", lambda text, parsed=forms._parsed: _with_submission(parsed(text)))
    instance = begin(BODY)

    with pytest.raises(InvalidInput):
        services.complete_user_task(UserTask.objects.get(), actor=cast.rosa, outcome="done", data={})

    assert UserTask.objects.get().status == "ready"
    assert instance.revision == type(instance).objects.get().revision


def _with_submission(form):
    return {**form, "outcomes": {"done": {**form["outcomes"]["done"], "submission": "test.refuse"}}}


def test_the_inbox_puts_the_urgent_first_and_then_the_longest_waiting(begin, cast, clock):
    names = []
    for number, priority in enumerate(("ROUTINE", "STAT", "URGENT", "STAT")):
        instance = begin(BODY, start_key=str(number))
        UserTask.objects.filter(instance=instance).update(priority=priority, **list_order(priority, None))
        names.append(str(instance.uid))
        clock.advance(timedelta(minutes=1))

    found = [str(task.instance.uid) for task in inbox(cast.rosa)]

    assert found == [names[1], names[3], names[2], names[0]]


def test_the_form_is_shown_in_the_person_s_language(begin):
    begin(BODY)
    task = UserTask.objects.get()

    english, chinese = form_view(task, language="en"), form_view(task, language="zh-hans")

    assert (english.title, chinese.title) == ("Do it", "执行")
    assert [outcome.label for outcome in chinese.outcomes] == ["完成"]
    assert [field.title for field in chinese.outcomes[0].fields] == ["回答"]


def test_a_task_of_nobody_s_is_not_found(begin, cast):
    begin(BODY)

    with pytest.raises(NotFound):
        services.claim_user_task(
            UserTask(
                uid="00000000-0000-4000-8000-000000000000", instance_id=UserTask.objects.get().instance_id
            ),
            actor=cast.rosa,
        )


@pytest.mark.parametrize("count", [3, 30])
def test_the_inbox_costs_the_same_whatever_its_length(begin, cast, count, django_assert_num_queries):
    for number in range(count):
        begin(BODY, start_key=str(number))

    with django_assert_num_queries(2):  # memberships, tasks
        assert len([(task.instance.uid, task.site.code, task.assignee) for task in inbox(cast.rosa)]) == count
