"""What people read. That Chinese is complete is tested with the portal's other words."""

from __future__ import annotations

import pytest
from django.utils import translation

from notifications.services import notify
from notifications.texts import text_of
from tests.personas import Cast


@pytest.mark.parametrize(
    ("kind", "title", "body"),
    [
        ("task_offered", "A case waits for you", "Next step: Read and report."),
        ("task_reminder", "A case still waits for you", "Still to be done: Read and report."),
        (
            "task_escalated",
            "A case has waited too long",
            "Not done in time: Read and report. Please find somebody else.",
        ),
        ("case_notice", "A case needs your attention", "Step: Read and report."),
    ],
)
def test_the_sentences_of_each_kind(cast: Cast, kind: str, title: str, body: str) -> None:
    (told,) = notify(
        kind=kind, cause="1", persons=[cast.rosa], subjects={}, href="/", step="Read and report"
    )  # fmt: skip

    text = text_of(told)

    assert (text.title, text.body) == (title, body)


def test_no_step_no_second_sentence(cast: Cast) -> None:
    (told,) = notify(kind="case_notice", cause="1", persons=[cast.rosa], subjects={}, href="/")

    assert text_of(told).body == ""


def test_the_language_is_the_readers_whatever_is_spoken_around(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoken: list[str] = []

    def gettext(msgid: str) -> str:
        spoken.append(translation.get_language() or "")
        return msgid

    monkeypatch.setattr("notifications.texts.gettext", gettext)
    cast.rosa.language = "zh-hans"
    cast.rosa.save()
    told = notify(kind="case_notice", cause="1", persons=[cast.rosa, cast.carla], subjects={}, href="/")

    with translation.override("en"):
        for one in sorted(told, key=lambda one: one.person.username):
            text_of(one)

    assert spoken == ["en", "zh-hans"]
