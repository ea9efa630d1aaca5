"""What a key file holds: 32 bytes as they are, or a text that may end in a line break."""

from __future__ import annotations

import pytest

from archive.deidentification.keys import secret_of
from common.errors import InvalidInput

RANDOM = bytes(range(0x80, 0x9E))


@pytest.fixture
def folder(tmp_path, settings):
    settings.DEIDENTIFICATION_KEYS = str(tmp_path)
    return tmp_path


@pytest.mark.parametrize("secret", [b" " + RANDOM + b"\n", b"\t\n" + RANDOM, RANDOM + b"\r\n"])
def test_random_bytes_are_the_key_whatever_they_begin_and_end_with(folder, secret):
    (folder / "trial.key").write_bytes(secret)

    assert len(secret) == 32
    assert secret_of("trial") == secret


def test_a_text_is_the_key_without_the_line_break_it_was_saved_with(folder):
    (folder / "trial.key").write_bytes(b"0123456789abcdef0123456789abcdef\r\n")

    assert secret_of("trial") == b"0123456789abcdef0123456789abcdef"


def test_blanks_do_not_make_a_text_long_enough(folder):
    (folder / "trial.key").write_bytes(b"0123456789abcdef" + b" " * 20)

    with pytest.raises(InvalidInput) as refused:
        secret_of("trial")
    assert refused.value.code == "KEY_TOO_SHORT"
