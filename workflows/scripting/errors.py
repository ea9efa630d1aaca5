"""What a script's call may end with, in words that hold names and lines of the script and never its data."""

from __future__ import annotations

from django.utils.translation import gettext as _

from common.errors import ServiceError

TIMEOUT, MEMORY, DENIED, FAILED = "SCRIPT_TIMEOUT", "SCRIPT_MEMORY", "SCRIPT_DENIED", "SCRIPT_FAILED"
UNAVAILABLE = "SCRIPT_UNAVAILABLE"
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
        super().__init__(_sentence(code, name=name, line=line, why=why, what=what), code=code)
        self.name, self.digest, self.line, self.why, self.what = name, digest, line, why, what
        self.permanent = code != UNAVAILABLE


def _sentence(code: str, *, name: str, line: int | None, why: str, what: str) -> str:
    heading = {
        TIMEOUT: _("The script %(name)s did not end in time"),
        MEMORY: _("The script %(name)s needs more memory than scripts may have"),
        DENIED: _("The script %(name)s asked for something scripts may not have"),
        FAILED: _("The script %(name)s failed"),
        UNAVAILABLE: _("The script %(name)s was not run: this installation has no sandbox for scripts now"),
    }[code] % {"name": name}
    place = _("line %(line)d") % {"line": line} if line else ""
    detail = ", ".join(part for part in (place, _reason(why, what)) if part)
    return f"{heading}: {detail}" if detail else heading


def _reason(why: str, what: str) -> str:
    reasons = {
        "attribute": _("there is no such attribute here"),
        "call": _("it called the operating system"),
        "chance": _("it was given no seed for random numbers"),
        "clock": _("it was given no moment for the clock"),
        "constant": _("a constant of a kind, or a size, that scripts do not have"),
        "crash": _("it brought its process down"),
        "data": _("its data cannot be given to a script"),
        "depth": _("it is nested too deeply"),
        "except": _("an except clause names the errors it catches"),
        "growth": _("a value would grow too large"),
        "hidden name": _("names that begin with an underscore are hidden"),
        "import": _("this module may not be imported"),
        "length": _("it is too long"),
        "method": _("there is no such method here"),
        "name": _("there is no such name here"),
        "result deep": _("its result is nested too deeply"),
        "result key": _("a key in its result is not a text"),
        "result kind": _("its result is no JSON; a variable whose name begins with an underscore is not given back"),
        "result number": _("a number in its result is not finite, or too large"),
        "result size": _("its result is too large"),
        "result text": _("a text in its result cannot be stored"),
        "syntax": _("this is not part of the script language"),
        "text": _("only plain values have a text"),
    }  # fmt: skip
    reason = reasons.get(why, why)
    return f"{reason} ({what})" if what else reason
