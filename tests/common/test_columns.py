"""Values as JSON: as the standard encoder says them, whichever encoder is asked."""

from __future__ import annotations

import datetime as dt
import json
import uuid

import pytest

from common.columns import as_json

UID = uuid.UUID(int=7)


@pytest.mark.parametrize(
    "value",
    [
        {"a": [1, 2.5, True, None, '张伟 \u2028 " \\ 👁']},
        {7: "a key that is no text", None: 1},
        {"beyond 64 bits": 2**70},
        [1e-7, 1e22, -0.0, 0.1],
        {"deep": [[[[{}]]]]},
    ],
)
def test_json_says_what_the_standard_encoder_says(value: object) -> None:
    assert json.loads(as_json(value)) == json.loads(json.dumps(value))


def test_what_is_no_number_is_not_made_into_null() -> None:
    """PostgreSQL refuses NaN as JSON; null would be another value (RFC 8259 §6)."""
    assert as_json({"a": float("nan"), "b": float("inf")}) == b'{"a":NaN,"b":Infinity}'


def test_moments_and_keys_are_texts_as_the_database_reads_them() -> None:
    moment = dt.datetime(2026, 3, 2, 8, tzinfo=dt.UTC)

    assert json.loads(as_json([moment, UID, b"\x01"])) == ["2026-03-02 08:00:00+00:00", str(UID), "\\x01"]


def test_what_no_column_holds_is_refused() -> None:
    with pytest.raises(TypeError):
        as_json({"a": object()})
