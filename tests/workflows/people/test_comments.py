"""The conversation of a case: who may write and read it, and who is told."""

from __future__ import annotations

import pytest

from accounts.models import AuditEvent
from common.errors import InvalidInput, NotFound
from events.services import Event
from notifications.models import Notification
from notifications.subscribers import on_comment
from notifications.texts import text_of
from tests.bulletins import deliveries
from tests.workflows.conftest import chain, user
from workflows import services
from workflows.models import CaseComment, UserTask
from workflows.people.comments import comments_of, mentionable

pytestmark = pytest.mark.django_db
BODY = user("look") + '<bpmn:endEvent id="end"/>' + chain("start", "look", "end")


@pytest.fixture
def case(begin):
    return begin(BODY)


def test_what_is_written_is_read_in_order_by_those_of_the_case(case, cast):
    services.add_comment(case, author=cast.rosa, text="Contrast phase?")
    services.add_comment(case, author=cast.carla, text="Arterial.")

    assert [(one.author.username, one.text) for one in comments_of(case)] == [
        ("rosa", "Contrast phase?"),
        ("carla", "Arterial."),
    ]


@pytest.mark.parametrize("stranger", ["otto", "ivo"])
def test_who_may_not_see_the_case_does_not_write_into_it(case, cast, stranger):
    with pytest.raises(NotFound):
        services.add_comment(case, author=getattr(cast, stranger), text="Hello")

    assert not CaseComment.objects.exists()


def test_a_colleague_who_is_named_is_told_without_a_word_of_the_text(case, cast, monkeypatch):
    comment = services.add_comment(case, author=cast.rosa, text="Please look, @carla: Zhang's nodule")

    assert comment.mentioned == ["carla"]
    row = deliveries(name="CaseCommented")[0]
    assert "nodule" not in str(row.payload)
    assert "nodule" not in str(AuditEvent.objects.get(action="case.commented").detail)

    on_comment(Event(row.event_uid, row.name, row.payload, row.trace_id))
    told = Notification.objects.select_related("person").get()
    assert (told.person, told.href) == (cast.carla, f"/cases/{case.uid}/?tab=conversation")
    assert text_of(told).title == "A colleague wrote to you in a case"
    assert text_of(told).body == ""


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("  ", "Write something first."),
        ("x" * 4001, "At most 4000 characters."),
        ("@otto look", "Nobody who may see this case is called @otto."),
        ("@nobody look", "Nobody who may see this case is called @nobody."),
    ],
)
def test_what_cannot_be_said_or_would_reach_nobody_is_refused(case, cast, text, sentence):
    with pytest.raises(InvalidInput) as refusal:
        services.add_comment(case, author=cast.rosa, text=text)

    assert refusal.value.fields == {"text": sentence}


def test_an_address_is_no_mention(case, cast):
    assert services.add_comment(case, author=cast.rosa, text="Write to a@carla.org").mentioned == []


def test_those_with_a_part_in_the_case_are_offered_as_colleagues(case, cast):
    services.claim_user_task(UserTask.objects.get(), actor=cast.rosa)

    assert mentionable(case) == [cast.rosa]
