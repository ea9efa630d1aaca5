"""What news from the workflow engine does to people's notifications."""

from __future__ import annotations

from collections.abc import Callable

from events.services import Event
from notifications.selectors import unread
from notifications.subscribers import on_task_closed, on_task_offered
from notifications.texts import text_of
from tests.notifications.conftest import MakeTask
from tests.personas import Cast
from workflows.models import ProcessInstance, UserTask

NewsOf = Callable[[str, UserTask], Event]


def test_a_step_offered_to_a_role_is_told_to_who_holds_it(
    cast: Cast, case: ProcessInstance, make_task: MakeTask, news_of: NewsOf
) -> None:
    on_task_offered(news_of("UserTaskOffered", make_task(role="coordinator", name="Assign expert")))

    (told,) = unread(cast.carla)
    assert told.href == f"/cases/{case.uid}/"
    assert text_of(told).body == "Next step: Assign expert."
    assert not unread(cast.rosa).exists()
    assert not unread(cast.otto).exists()


def test_a_step_assigned_to_a_person_is_told_to_that_person(
    cast: Cast, make_task: MakeTask, news_of: NewsOf
) -> None:
    on_task_offered(news_of("UserTaskOffered", make_task(role="coordinator", assignee=cast.rosa)))

    assert unread(cast.rosa).count() == 1
    assert not unread(cast.carla).exists()


def test_news_that_comes_twice_is_told_once(cast: Cast, make_task: MakeTask, news_of: NewsOf) -> None:
    event = news_of("UserTaskOffered", make_task())
    on_task_offered(event)
    on_task_offered(event)

    assert unread(cast.rosa).count() == 1


def test_a_step_that_is_done_needs_no_reading(cast: Cast, make_task: MakeTask, news_of: NewsOf) -> None:
    done, waiting = make_task(), make_task()
    for task in (done, waiting):
        on_task_offered(news_of("UserTaskOffered", task))

    on_task_closed(news_of("UserTaskClosed", done))

    assert [one.about for one in unread(cast.rosa)] == [f"task:{waiting.uid}"]
