"""Having an expression interpreted: the one door. It ends in a value, a fault of its own, or a ScriptError."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any

from django.conf import settings

from common import clock
from common.sentences import said_again
from common.sentences import sentence as _
from workflows.interpreting.inside import FEEL, PLAIN
from workflows.interpreting.residents import Residents
from workflows.scripting.answers import Refusal
from workflows.scripting.calls import told
from workflows.scripting.errors import DENIED, FAILED, MEMORY
from workflows.scripting.inside.values import NotPlain, plain
from workflows.scripting.limits import Limits
from workflows.scripting.pool import watched

__all__ = ["FEEL", "PLAIN", "Fault", "interpreted", "residents"]

SHORT, KEPT = 1024, 2048
"""How many bytes a question has that is remembered with its answer, and how many are."""


class Fault(Exception):
    """The text is not of its language, or does not fit its data. The one argument is a sentence for designers."""


@cache
def residents() -> Residents:
    """This process's interpreters."""
    return watched(Residents(Limits.configured(), needs_filter=settings.SCRIPT_SANDBOX == "required"))


def interpreted(language: str, text: str, names: Mapping[str, Any], *, name: str) -> Any:
    """The value of a text over these names, as JSON; `name` is what it is called where it is stopped.

    Raises  Fault; ScriptError for one that met a limit or a wall, which is in the audit trail, or, to be tried again,
            where there is no sandbox now.
    """
    with told(text, name=name, actor=None):
        request = _encoded(language, text, names)
        is_known = language == PLAIN and len(request) <= SHORT
        answer = _read(_answered(request) if is_known else residents().ask(request))
    if "fault" in answer:
        raise Fault(answer["fault"])
    return answer["value"]


@lru_cache(maxsize=KEPT)
def _answered(request: bytes) -> bytes:
    """The answer to a question that has but one: the small language knows no clock and no chance.

    Conditions ask about few different values, and another process takes longer to wake than to answer.
    """
    said = residents().ask(request)
    _read(said)  # what is no answer is not remembered
    return said


def _encoded(language: str, text: str, names: Mapping[str, Any]) -> bytes:
    moment = clock.now().isoformat() if language == FEEL else None
    request = {"language": language, "text": text, "names": names, "now": moment}
    try:
        return json.dumps(request).encode()
    except RecursionError:
        raise Fault(_("A value is nested too deeply")) from None
    except (TypeError, ValueError):
        raise Refusal(FAILED, why="data") from None


def _read(said: bytes) -> dict[str, Any]:
    """An answer as it has to be: it is a stranger's word."""
    try:
        answer = json.loads(said)
        if "value" in answer:
            return {"value": plain(answer["value"])}
        if "fault" in answer:
            return {"fault": said_again(answer["fault"])}
    except NotPlain as error:
        raise Refusal(DENIED, why=f"result {error}") from None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise Refusal(DENIED, why="crash") from None
    raise Refusal(MEMORY if answer == {"code": MEMORY} else DENIED)
