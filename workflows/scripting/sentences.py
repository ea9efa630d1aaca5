"""How a script ended, in the reader's words: names and lines of the script, and never its data."""

from __future__ import annotations

from django.utils.translation import gettext_noop

from common.sentences import Sentence
from common.sentences import sentence as _

TIMEOUT, MEMORY, DENIED, FAILED = "SCRIPT_TIMEOUT", "SCRIPT_MEMORY", "SCRIPT_DENIED", "SCRIPT_FAILED"
UNAVAILABLE = "SCRIPT_UNAVAILABLE"

_HEADINGS: dict[str, str] = {
    TIMEOUT: gettext_noop("The script %(name)s did not end in time"),
    MEMORY: gettext_noop("The script %(name)s needs more memory than scripts may have"),
    DENIED: gettext_noop("The script %(name)s asked for something scripts may not have"),
    FAILED: gettext_noop("The script %(name)s failed"),
    UNAVAILABLE: gettext_noop(
        "The script %(name)s was not run: this installation has no sandbox for scripts now"
    ),
}
_REASONS: dict[str, str] = {
    "attribute": gettext_noop("there is no such attribute here"),
    "call": gettext_noop("it called the operating system"),
    "chance": gettext_noop("it was given no seed for random numbers"),
    "clock": gettext_noop("it was given no moment for the clock"),
    "constant": gettext_noop("a constant of a kind, or a size, that scripts do not have"),
    "crash": gettext_noop("it brought its process down"),
    "data": gettext_noop("its data cannot be given to a script"),
    "depth": gettext_noop("it is nested too deeply"),
    "except": gettext_noop("an except clause names the errors it catches"),
    "growth": gettext_noop("a value would grow too large"),
    "hidden name": gettext_noop("names that begin with an underscore are hidden"),
    "import": gettext_noop("this module may not be imported"),
    "length": gettext_noop("it is too long"),
    "method": gettext_noop("there is no such method here"),
    "name": gettext_noop("there is no such name here"),
    "result deep": gettext_noop("its result is nested too deeply"),
    "result key": gettext_noop("a key in its result is not a text"),
    "result kind": gettext_noop(
        "its result is no JSON; a variable whose name begins with an underscore is not given back"
    ),
    "result number": gettext_noop("a number in its result is not finite, or too large"),
    "result size": gettext_noop("its result is too large"),
    "result text": gettext_noop("a text in its result cannot be stored"),
    "syntax": gettext_noop("this is not part of the script language"),
    "text": gettext_noop("only plain values have a text"),
}
_ERRORS: dict[str, str] = {
    "AssertionError": gettext_noop("what it asserts does not hold"),
    "IndexError": gettext_noop("a list or a text is shorter than that"),
    "InvalidOperation": gettext_noop("a decimal has no result"),
    "KeyError": gettext_noop("an object has no such key"),
    "OverflowError": gettext_noop("a number is too large"),
    "StopIteration": gettext_noop("there is no next value"),
    "SyntaxError": gettext_noop("this is not Python"),
    "TypeError": gettext_noop("an operation does not fit its values"),
    "ValueError": gettext_noop("a value does not do here"),
    "ZeroDivisionError": gettext_noop("it divides by zero"),
}
"""By Python's name for them, which is said beside; an error that is not listed is told by its name alone."""


def ending(code: str, *, name: str, line: int | None, why: str, what: str) -> Sentence:
    """How the script `name` ended: the code, and where and why as far as that is known."""
    heading = Sentence(_HEADINGS[code], {"name": name})
    place = _("line %(line)d") % {"line": line} if line else None
    reason = _reason(why, what) if why else None
    if place and reason:
        return _("%(heading)s: %(place)s, %(reason)s") % {
            "heading": heading,
            "place": place,
            "reason": reason,
        }
    detail = place or reason
    return _("%(heading)s: %(detail)s") % {"heading": heading, "detail": detail} if detail else heading


def _reason(why: str, what: str) -> Sentence:
    reason = Sentence(_ERRORS.get(why) or _REASONS.get(why, why))
    beside = why if why in _ERRORS else what
    return _("%(reason)s (%(name)s)") % {"reason": reason, "name": beside} if beside else reason
