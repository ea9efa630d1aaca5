"""What the sandbox says no to. A denial is remembered, so that no `finally` of a script can make it unsaid."""

from __future__ import annotations


class Denied(BaseException):
    """The script asked for something it may not have. Not an Exception: no script can catch it.

    `why` is one of the words the other side has a sentence for; `what` a name out of the script's own text.
    """

    def __init__(self, why: str, *, what: str = "", line: int | None = None) -> None:
        super().__init__(why)
        self.why, self.what, self.line = why, what, line


remembered: list[Denied] = []


def deny(why: str, what: str = "") -> Denied:
    """A denial while the script runs, to be raised by the caller."""
    denial = Denied(why, what=what)
    remembered.append(denial)
    return denial
