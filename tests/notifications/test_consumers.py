"""What an open page hears: only what changed, only what its person may know of, and in their language.

The channel layer is a real Valkey. That the texts are complete in Chinese is tested with the portal.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import AnonymousUser
from django.db import connections

from accounts.models import Person
from common import clock
from events.services import Event
from notifications import live
from notifications.consumers import MAX_TOPICS, NOT_SIGNED_IN, LiveConsumer
from notifications.selectors import unread
from notifications.services import attempt_delivery, mark_read
from notifications.subscribers import on_case_changed, on_change, on_task_closed, on_task_offered
from tests.notifications.conftest import MakeTask
from tests.notifications.peers import Page
from tests.personas import Cast
from workflows.models import ProcessInstance, UserTask

pytestmark = pytest.mark.django_db(transaction=True)
NewsOf = Callable[[str, UserTask], Event]
Scene = Callable[[], Awaitable[None]]


def play(scene: Scene) -> None:
    async def to_the_end() -> None:
        try:
            await asyncio.wait_for(scene(), timeout=60)
        finally:
            await do(connections.close_all)  # those of the thread that consumers query in

    asyncio.run(to_the_end())


@asynccontextmanager
async def page(person: Any, session_key: str = "") -> AsyncIterator[Page]:
    """An open page of a person."""
    screen = Page(LiveConsumer.as_asgi(), person=person, session_key=session_key)
    await screen.open()
    yield screen
    await screen.close()


@sync_to_async
def do(act: Callable[..., object], *arguments: object) -> object:
    return act(*arguments)


async def assert_silent(screen: Page, person: Person) -> None:
    """The next thing the page hears is what is pushed now, so nothing came before it."""
    await do(live.push_notifications_change, person.uid)
    assert await screen.hear() == {"type": "changed", "topic": "notifications"}


def test_nobody_listens_without_having_signed_in() -> None:
    async def scene() -> None:
        async with page(AnonymousUser()) as screen:
            assert await screen.closing_code() == NOT_SIGNED_IN

    play(scene)


def test_a_new_step_shows_in_the_inbox_and_as_a_notification(
    cast: Cast, case: ProcessInstance, make_task: MakeTask, news_of: NewsOf
) -> None:
    task = make_task(assignee=cast.rosa, name="Read study")

    async def scene() -> None:
        async with page(cast.rosa) as screen:
            await screen.follow("inbox")
            await do(on_task_offered, news_of("UserTaskOffered", task))
            assert await screen.hear() == {"type": "changed", "topic": "inbox"}

            attempt = await unread(cast.rosa).values_list("attempts__pk", flat=True).aget()
            await do(attempt_delivery, attempt)
            shown = await screen.hear()
            assert (shown["type"], shown["title"]) == ("notification", "A case waits for you")
            assert (shown["body"], shown["href"]) == ("Next step: Read study.", f"/cases/{case.uid}/")
            assert uuid.UUID(shown["uid"])

            await do(on_task_closed, news_of("UserTaskClosed", task))
            heard = [await screen.hear(), await screen.hear()]
            assert {one["topic"] for one in heard} == {"inbox", "notifications"}

    play(scene)


def test_one_persons_inbox_is_nobody_elses(cast: Cast, make_task: MakeTask, news_of: NewsOf) -> None:
    task = make_task(assignee=cast.rosa)

    async def scene() -> None:
        async with page(cast.carla) as other, page(cast.rosa) as own:
            await other.follow("inbox", f"inbox:{cast.rosa.uid}")
            await own.follow("inbox")
            await do(on_task_offered, news_of("UserTaskOffered", task))
            assert (await own.hear())["topic"] == "inbox"
            await assert_silent(other, cast.carla)

    play(scene)


def test_a_case_is_followed_by_those_who_may_see_it(
    cast: Cast, case: ProcessInstance, news_of: NewsOf, make_task: MakeTask
) -> None:
    topic = f"case:{case.uid}"
    event = Event(uuid.uuid4(), "CaseChanged", {"subjects": {"case": str(case.uid)}}, case.trace_id)

    async def scene() -> None:
        async with page(cast.rafael) as referrer, page(cast.otto) as stranger:
            assert await referrer.follow(topic) == [topic]
            assert await stranger.follow(topic) == []  # as if there were no such case
            await do(on_change, event)
            assert await referrer.hear() == {"type": "changed", "topic": topic}
            await assert_silent(stranger, cast.otto)

    play(scene)


def test_a_step_that_somebody_took_leaves_the_other_inboxes(
    cast: Cast, case: ProcessInstance, make_task: MakeTask
) -> None:
    make_task(role="coordinator", assignee=cast.rosa)
    event = Event(uuid.uuid4(), "CaseChanged", {"subjects": {"case": str(case.uid)}}, case.trace_id)

    async def scene() -> None:
        async with page(cast.carla) as colleague, page(cast.rosa) as own, page(cast.otto) as stranger:
            for screen in (colleague, own, stranger):
                await screen.follow("inbox")
            await do(on_case_changed, event)
            assert await colleague.hear() == {"type": "changed", "topic": "inbox"}
            assert await own.hear() == {"type": "changed", "topic": "inbox"}
            await assert_silent(stranger, cast.otto)

    play(scene)


def test_a_study_is_followed_by_those_who_may_see_it(cast: Cast, make_study: Callable[..., str]) -> None:
    uid = make_study(cast.county)
    event = Event(uuid.uuid4(), "SeriesComplete", {"subjects": {"study": uid}}, uuid.uuid4())

    async def scene() -> None:
        async with page(cast.theo) as technologist, page(cast.otto) as stranger:
            assert await technologist.follow(f"study:{uid}") == [f"study:{uid}"]
            assert await stranger.follow(f"study:{uid}") == []
            await do(on_change, event)
            assert await technologist.hear() == {"type": "changed", "topic": f"study:{uid}"}
            await assert_silent(stranger, cast.otto)

    play(scene)


def test_a_job_of_a_case_changes_the_case_and_the_study(
    cast: Cast, case: ProcessInstance, make_study: Callable[..., str]
) -> None:
    uid = make_study(cast.county)
    subjects = {"job": str(uuid.uuid4()), "study": uid, "case": str(case.uid)}
    event = Event(uuid.uuid4(), "JobChanged", {"status": "running", "subjects": subjects}, case.trace_id)

    async def scene() -> None:
        async with page(cast.rafael) as screen:
            await screen.follow(f"case:{case.uid}", f"study:{uid}")
            await do(on_change, event)
            heard = {(await screen.hear())["topic"] for _ in range(2)}
            assert heard == {f"case:{case.uid}", f"study:{uid}"}

    play(scene)


def test_what_is_given_up_is_heard_no_more(cast: Cast, case: ProcessInstance) -> None:
    topic = f"case:{case.uid}"

    async def scene() -> None:
        async with page(cast.rafael) as screen:
            await screen.follow(topic, "inbox")
            await screen.say(json.dumps({"unsubscribe": [topic]}))
            assert (await screen.hear())["topics"] == ["inbox"]
            await do(live.push_change, topic)
            await assert_silent(screen, cast.rafael)

    play(scene)


def test_reading_in_one_window_changes_the_bell_in_the_other(
    cast: Cast, make_task: MakeTask, news_of: NewsOf
) -> None:
    on_task_offered(news_of("UserTaskOffered", make_task(assignee=cast.rosa)))

    async def scene() -> None:
        async with page(cast.rosa) as screen:
            await screen.follow()
            await do(mark_read, cast.rosa)
            assert await screen.hear() == {"type": "changed", "topic": "notifications"}

    play(scene)


def test_signing_out_closes_the_pages_of_that_sign_in_and_no_other(cast: Cast) -> None:
    async def scene() -> None:
        async with page(cast.rosa, "a-session-key") as ended, page(cast.rosa, "another-key") as other:
            await ended.follow("inbox")
            await other.follow("inbox")
            await do(live.close_session, "a-session-key")
            assert await ended.closing_code() == NOT_SIGNED_IN
            await assert_silent(other, cast.rosa)

    play(scene)


@pytest.mark.parametrize(
    "text",
    ["", "not json", "[]", "{}", '{"subscribe": "inbox"}', '{"subscribe": [1]}', '{"dance": ["inbox"]}'],
)
def test_a_message_without_sense_is_refused_and_the_page_goes_on(cast: Cast, text: str) -> None:
    async def scene() -> None:
        async with page(cast.rosa) as screen:
            await screen.say(text)
            assert await screen.hear() == {"type": "error", "code": "INVALID_INPUT"}
            assert await screen.follow("inbox") == ["inbox"]

    play(scene)


@pytest.mark.parametrize(
    "topic",
    [
        "case:",
        "case:1",
        "case:' OR 1=1",
        "study:",
        "study:../..",
        "study:\x00",
        "person:rosa",
        "",
        "notifications",
    ],
)
def test_a_topic_that_cannot_be_is_not_followed(cast: Cast, topic: str) -> None:
    async def scene() -> None:
        async with page(cast.rosa) as screen:
            assert await screen.follow(topic, "inbox") == ["inbox"]

    play(scene)


def test_a_page_follows_a_limited_number_of_topics(cast: Cast, case: ProcessInstance) -> None:
    cases = [
        ProcessInstance.objects.create(
            definition=case.definition, site=cast.county, start_key=f"made-{number}", state=b"",
            trace_id=uuid.uuid4(), started_at=clock.now(), changed_at=clock.now(),
        )
        for number in range(MAX_TOPICS + 1)
    ]  # fmt: skip
    topics = [f"case:{one.uid}" for one in cases]

    async def scene() -> None:
        async with page(cast.rafael) as screen:
            assert set(await screen.follow(*topics)) == set(topics[:MAX_TOPICS])
            assert len(await screen.follow("inbox")) == MAX_TOPICS

    play(scene)


def test_an_oversized_message_ends_the_connection(cast: Cast) -> None:
    async def scene() -> None:
        async with page(cast.rosa) as screen:
            await screen.say(json.dumps({"subscribe": ["x" * 10_000]}))
            assert await screen.closing_code() == 1009

    play(scene)


def test_without_a_channel_layer_the_change_itself_goes_through(
    cast: Cast, settings: Any, make_task: MakeTask, news_of: NewsOf
) -> None:
    settings.CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": ["redis://127.0.0.1:1/0"]},
        }
    }

    on_task_offered(news_of("UserTaskOffered", make_task(assignee=cast.rosa)))

    assert unread(Person.objects.get(username="rosa")).count() == 1
