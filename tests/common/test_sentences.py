"""Sentences are kept once and read in any language."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.utils import translation
from django.utils.translation import trans_real

from common.sentences import Sentence, said_again
from common.sentences import sentence as _

MESSAGE = "There are more than %(most)d instances"


@pytest.fixture(autouse=True)
def words(monkeypatch):
    """Two messages in Chinese, whatever the catalogue says today."""
    catalogue: Any = trans_real.translation("zh-hans")
    for message, chinese in ((MESSAGE, "实例超过 %(most)d 个"), ("Division by zero", "除数为零")):
        monkeypatch.setitem(catalogue._catalog._catalogs[0], message, chinese)


def test_a_sentence_is_a_text_with_its_values_in_it():
    said = _(MESSAGE) % {"most": 1000}

    assert said == "There are more than 1000 instances"
    assert json.loads(json.dumps(said)) == said


def test_what_was_kept_in_one_language_is_read_in_another():
    with translation.override("zh-hans"):
        met = _(MESSAGE) % {"most": 1000}
        kept = met.kept()

    assert json.loads(json.dumps(kept)) == kept
    assert (met, said_again(kept)) == ("实例超过 1000 个", "There are more than 1000 instances")


def test_sentences_within_a_sentence_are_read_in_the_same_language():
    kept = (_("%(element)s: %(reason)s") % {"element": "Read", "reason": _("Division by zero")}).kept()

    with translation.override("zh-hans"):
        assert said_again(kept) == "Read: 除数为零"


@pytest.mark.parametrize("message", ["100 % sure", "a text of nobody's"])
def test_a_sentence_without_values_is_said_as_it_stands(message):
    assert said_again(Sentence(message).kept()) == message
