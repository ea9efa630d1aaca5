"""Why objects were given up, in words for people."""

import pytest

from portal.routing.reasons import reason_in_words


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("HTTP_400", "The server refused the object."),
        ("HTTP_403", "The server does not let us in."),
        ("STATUS_A700", "The peer refused the object."),
        ("CONTEXT_NOT_ACCEPTED", "The peer takes no objects of this kind, or not in this encoding."),
        ("TIMED_OUT", "No connection in time."),
        ("SOMETHING_ELSE", ""),
    ],
)
def test_a_code_is_said_in_words(code, said):
    assert reason_in_words(code) == said
