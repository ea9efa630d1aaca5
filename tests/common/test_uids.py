"""UIDs as PS3.5 §9 wants them, and as scanners in the field write them."""

from __future__ import annotations

import pytest

from common.uids import derived_uid, is_uid, is_uid_lenient, new_uid


def test_a_new_uid_is_legal_and_new() -> None:
    uids = {new_uid() for _ in range(200)}

    assert len(uids) == 200
    assert all(is_uid(uid) and uid.startswith("2.25.") for uid in uids)


def test_the_same_parts_give_the_same_uid() -> None:
    assert derived_uid("job-1", 3) == derived_uid("job-1", 3)
    assert is_uid(derived_uid("job-1", 3))


def test_parts_are_kept_apart() -> None:
    assert derived_uid("ab", "c") != derived_uid("a", "bc")


@pytest.mark.parametrize(
    ("value", "is_legal", "could_be_meant"),
    [
        ("1.2.840.10008.1.1", True, True),
        ("1.2.0.3", True, True),
        ("1." + "2" * 62, True, True),  # 64 characters, the most there may be
        ("1." + "2" * 63, False, False),
        ("1.02.3", False, True),  # leading zero
        ("1..2", False, True),
        ("", False, False),
        ("1.2.x", False, False),
        ("1.2.3\n", False, False),
        ("1.2.3 ", False, False),
    ],
)
def test_what_is_a_uid(value: str, is_legal: bool, could_be_meant: bool) -> None:
    assert (is_uid(value), is_uid_lenient(value)) == (is_legal, could_be_meant)
