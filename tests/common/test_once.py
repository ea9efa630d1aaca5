"""What is done once in a span of time, by whichever process comes first."""

from __future__ import annotations

import uuid

import pytest

from common.once import first_in


@pytest.fixture
def key():
    return f"test-once:{uuid.uuid4()}"


def test_only_the_first_is_first(key):
    seen = []
    for _ in range(3):
        with first_in(60, key) as is_first:
            seen.append(is_first)

    assert seen == [True, False, False]


def test_what_failed_has_not_been_done(key):
    with pytest.raises(ValueError, match="failed"), first_in(60, key):
        raise ValueError("failed")

    with first_in(60, key) as is_first:
        assert is_first


def test_a_later_failure_does_not_undo_the_first(key):
    with first_in(60, key):
        pass
    with pytest.raises(ValueError, match="failed"), first_in(60, key):
        raise ValueError("failed")

    with first_in(60, key) as is_first:
        assert not is_first
