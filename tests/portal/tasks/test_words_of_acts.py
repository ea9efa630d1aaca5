"""Giving a task back to its role, handing it back to a colleague and declining it are three acts, in Chinese too."""

from __future__ import annotations

import pytest
from django.utils import translation
from django.utils.translation import gettext

from portal.cases.words import HAPPENED


@pytest.mark.parametrize(
    ("chinese", "said_as"),
    [
        ("交还给角色", ["Give back", "Give back to the role", "Given back"]),
        ("交回委托人", ["Hand back", "Handed back", "Handed back."]),
        ("谢绝", ["Decline", "Decline…", "Declined", "Declined."]),
    ],
)
def test_each_act_has_one_word_on_buttons_in_notices_and_in_the_history(
    chinese: str, said_as: list[str]
) -> None:
    with translation.override("zh-hans"):
        assert [message for message in said_as if chinese not in gettext(message)] == []


def test_the_history_tells_the_three_acts_apart() -> None:
    kinds = ("task.released", "task.handed_back", "task.declined")

    with translation.override("zh-hans"):
        told = [str(HAPPENED[kind].word) for kind in kinds]

    assert told == ["已交还给角色", "已交回委托人", "已谢绝"]
