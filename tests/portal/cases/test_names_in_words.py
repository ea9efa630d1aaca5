"""A diagram's names: Chinese for the shipped ones, untouched for a designer's own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.utils import translation

from accounts.models import Person
from common.diagram_names import CONTEXT, name_in_words
from config.messages import used_messages
from notifications.services import notify
from notifications.texts import text_of
from portal.cases.words import news_name
from tests.personas import Cast
from tests.portal.one_step_process import start_second_look
from workflows.models import ProcessDefinition

BrowserOf = Callable[..., Client]


def test_a_designers_name_that_is_also_a_word_of_the_pages_stays_as_drawn(
    cast: Cast, browser_of: BrowserOf, tmp_path: Path
) -> None:
    """The start event is called "Asked", a word of the pages about nodes."""
    case = start_second_look(cast, tmp_path)
    with translation.override("zh-hans"):
        assert translation.gettext("Asked") != "Asked"

    facts = browser_of(cast.rosa, language="zh-hans").get(f"/cases/{case.uid}/diagram.json").json()

    assert 'id="Asked" name="Asked"' in facts["xml"]
    assert facts["elements"]["Look"]["name"] == "Look again"


def test_a_step_named_like_a_word_of_the_pages_stays_as_drawn_wherever_it_is_told(
    cast: Cast, browser_of: BrowserOf, tmp_path: Path
) -> None:
    case = start_second_look(cast, tmp_path)
    case.user_tasks.update(name="Asked")
    ProcessDefinition.objects.update(name="Declined")
    browser = browser_of(cast.rosa, language="zh-hans")

    inbox, page = (browser.get(path).content.decode() for path in ("/", f"/cases/{case.uid}/"))

    assert "<strong>Asked</strong>" in inbox
    assert "Declined" in inbox
    assert "Asked" in page
    assert "Declined" in page


def test_a_notification_tells_the_step_as_drawn(cast: Cast) -> None:
    Person.objects.filter(pk=cast.rosa.pk).update(language="zh-hans")
    cast.rosa.refresh_from_db()
    drawn, shipped = (
        notify(kind="task_offered", cause=step, persons=[cast.rosa], subjects={}, href="/", step=step)[0]
        for step in ("Asked", "Read and report")
    )

    assert "Asked" in text_of(drawn).body
    assert "阅片并报告" in text_of(shipped).body


def test_every_name_of_a_shipped_diagram_is_told_in_chinese() -> None:
    shipped = [message.text for message in used_messages(settings.BASE_DIR) if message.context == CONTEXT]

    with translation.override("zh-hans"):
        untold = [name for name in shipped if name_in_words(name) == name]

    assert "Read and report" in shipped
    assert untold == []


@pytest.mark.parametrize(
    ("name", "news", "step"),
    [("OrderReceived", "收到申请", "OrderReceived"), ("Asked", "Asked", "Asked"), ("", "", "")],
)
def test_our_own_news_is_told_in_words_and_a_step_called_like_it_as_drawn(
    name: str, news: str, step: str
) -> None:
    with translation.override("zh-hans"):
        assert (news_name(name), name_in_words(name)) == (news, step)
