"""What people write that PostgreSQL cannot hold: refused by each service, whichever edge it came through."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from common.errors import InvalidInput
from workflows import services
from workflows.models import CaseComment, FormDraft, ProcessEvent

pytestmark = pytest.mark.django_db
UNKEPT = ["14\0mm", "14\ud83dmm"]


def comment(task, cast, _li, text):
    services.add_comment(task.instance, author=cast.rosa, text=text)


def save(task, cast, _li, text):
    services.save_draft(task, person=cast.rosa, data={"done": {"answer": text}}, revision=0)


def save_under(task, cast, _li, text):
    services.save_draft(task, person=cast.rosa, data={"done": {text: "answer"}}, revision=0)


def delegate(task, cast, li, text):
    services.delegate_user_task(task, actor=cast.rosa, to=li, note=text)


def hand_back(task, cast, _li, text):
    services.hand_back_user_task(task, actor=cast.rosa, note=text)


def decline(task, cast, _li, text):
    services.decline_user_task(task, actor=cast.rosa, reason=text)


def reassign(task, cast, li, text):
    services.reassign_user_task(task, actor=cast.ines, to=li, reason=text)


def suspend(task, cast, _li, text):
    services.suspend_process(task.instance, actor=cast.ines, reason=text)


@pytest.mark.parametrize("text", UNKEPT, ids=["NUL", "half a surrogate pair"])
@pytest.mark.parametrize(
    "act",
    [comment, save, save_under, delegate, hand_back, decline, reassign, suspend],
    ids=["comment", "draft", "draft's field", "delegate", "hand back", "decline", "reassign", "suspend"],
)
def test_a_text_that_cannot_be_kept_is_refused_and_nothing_has_changed(
    task, cast, li, act: Callable[..., Any], text
):
    before = ProcessEvent.objects.count()

    with pytest.raises(InvalidInput) as refusal:
        act(task, cast, li, text)

    assert refusal.value.code == "NOT_KEPT"
    assert set(refusal.value.fields.values()) == {"Texts hold no NUL and no half of a surrogate pair."}
    assert ProcessEvent.objects.count() == before
    assert not CaseComment.objects.exists()
    assert not FormDraft.objects.exists()
    task.refresh_from_db()
    assert (task.assignee, task.status, task.delegation) == (cast.rosa, "claimed", "")


@pytest.mark.parametrize("text", UNKEPT, ids=["NUL", "half a surrogate pair"])
def test_a_file_s_name_loses_what_cannot_be_kept(task, cast, text):
    made = services.attach(task.instance, person=cast.rosa, name=f"{text}.txt", data=b"seen")

    made.refresh_from_db()
    assert made.name == "14mm.txt"


@pytest.mark.parametrize("text", UNKEPT, ids=["NUL", "half a surrogate pair"])
@pytest.mark.parametrize("said", [lambda text: {"note": text}, lambda text: {text: "note"}], ids=["in", "as"])
def test_an_answer_that_cannot_be_kept_is_refused_by_its_form(task, cast, said, text):
    with pytest.raises(InvalidInput) as refusal:
        services.complete_user_task(task, actor=cast.rosa, outcome="done", data=said(text))

    assert refusal.value.code == "FORM_INVALID"
    task.refresh_from_db()
    assert task.status == "claimed"
