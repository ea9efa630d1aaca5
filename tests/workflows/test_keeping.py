"""What no store of ours takes, refused by a sentence."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import connection

from common.errors import InvalidInput
from workflows.keeping import check_kept, written

NUL, HALF_A_PAIR = "Lung\0nodule", "Lung\ud83dnodule"
_TEXT = "Texts hold no NUL and no half of a surrogate pair."


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (NUL, _TEXT),
        (HALF_A_PAIR, _TEXT),
        ({"read": {"findings": [NUL]}}, _TEXT),
        ({NUL: 1}, _TEXT),
        (2**63, "Numbers are finite and within 64 bits."),
        (float("nan"), "Numbers are finite and within 64 bits."),
        (nested(41), "Values are nested at most 40 deep."),
        ({1: "one"}, "Values are of the kinds that JSON has."),
        (b"bytes", "Values are of the kinds that JSON has."),
    ],
    ids=[
        "NUL",
        "half a pair",
        "NUL within",
        "NUL in a key",
        "65 bits",
        "NaN",
        "deep",
        "no text key",
        "bytes",
    ],
)
def test_what_could_not_be_kept_is_refused_in_the_name_of_its_fields(value, sentence):
    with pytest.raises(InvalidInput) as refusal:
        check_kept(value, "reason", "note")

    assert (refusal.value.code, refusal.value.message) == ("NOT_KEPT", sentence)
    assert refusal.value.fields == {"reason": sentence, "note": sentence}


@pytest.mark.parametrize("value", ["", "肺结节 🫁", -(2**63) + 1, 1.5, None, {"a": [True, {}]}, nested(40)])
def test_what_json_has_is_kept_as_it_is(db, value):
    check_kept(value, "data")

    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::jsonb", [json.dumps(value)])
        assert json.loads(cursor.fetchone()[0]) == value


def test_what_is_written_loses_the_space_around_it_and_is_as_long_as_is_said():
    assert written("  14 mm\n", "note", most=5, code="TEXT_TOO_LONG") == "14 mm"
    with pytest.raises(InvalidInput) as refusal:
        written("14 mm.", "note", most=5, code="TEXT_TOO_LONG")

    assert refusal.value.code == "TEXT_TOO_LONG"
    assert refusal.value.fields == {"note": "At most 5 characters."}
