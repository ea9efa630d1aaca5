"""What a script's call may end with."""

from __future__ import annotations

from common.errors import ServiceError
from workflows.scripting.sentences import DENIED, FAILED, MEMORY, TIMEOUT, UNAVAILABLE, ending

__all__ = ["AUDITED", "DENIED", "FAILED", "MEMORY", "TIMEOUT", "UNAVAILABLE", "ScriptError"]

AUDITED = frozenset({TIMEOUT, MEMORY, DENIED})


class ScriptError(ServiceError):
    """A script gave no result. `line` is the line of its source, where one is known.

    SCRIPT_TIMEOUT and SCRIPT_MEMORY say which limit it met; SCRIPT_DENIED that it asked for something scripts may
    not have; SCRIPT_FAILED that it is wrong or does not fit its data. All four come again with the same input.
    SCRIPT_UNAVAILABLE says that there is no sandbox now: nothing was run, and trying again can help.
    """

    def __init__(
        self,
        code: str,
        *,
        name: str,
        digest: str = "",
        line: int | None = None,
        why: str = "",
        what: str = "",
    ) -> None:
        super().__init__(ending(code, name=name, line=line, why=why, what=what), code=code)
        self.name, self.digest, self.line, self.why, self.what = name, digest, line, why, what
        self.permanent = code != UNAVAILABLE
