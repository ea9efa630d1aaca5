"""The tests beside a script: what it must give, or end with, for the data named."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from accounts.actors import Actor
from common.errors import InvalidInput
from workflows.scripting.calls import run_script
from workflows.scripting.errors import AUDITED, FAILED, UNAVAILABLE, ScriptError

MOST_TESTS = 20
_KEYS = frozenset({"name", "data", "gives", "ends", "now", "seed"})
_ENDS = AUDITED | {FAILED}


@dataclass(frozen=True, slots=True)
class TestResult:
    """How one test went. `given` is what the script gave; `refusal` the sentence it ended with instead."""

    __test__ = False

    name: str
    has_passed: bool
    expected: Any
    given: Any = None
    refusal: str = ""


def check_tests(tests: Any) -> list[dict[str, Any]]:
    """The tests as they are kept.

    Raises  InvalidInput for what is no test; the message names the test by its place.
    """
    if not isinstance(tests, list) or len(tests) > MOST_TESTS:
        raise _bad(_("Tests are a list, of %(most)d at most.") % {"most": MOST_TESTS})
    return [_checked(place, test) for place, test in enumerate(tests, start=1)]


def run_tests(
    source: str, tests: Sequence[Mapping[str, Any]], *, name: str, actor: Actor
) -> list[TestResult]:
    """Each test in the sandbox, as the script will run. Raises ScriptError only if there is no sandbox."""
    return [_run(source, test, name=name, actor=actor) for test in tests]


def _run(source: str, test: Mapping[str, Any], *, name: str, actor: Actor) -> TestResult:
    expected = test["ends"] if "ends" in test else test["gives"]
    now = dt.datetime.fromisoformat(test["now"]) if "now" in test else None
    try:
        given = run_script(source, test["data"], name=name, now=now, seed=test.get("seed"), actor=actor)
    except ScriptError as error:
        if error.code == UNAVAILABLE:
            raise
        return TestResult(test["name"], test.get("ends") == error.code, expected, refusal=error.message)
    has_passed = "gives" in test and _same(given, test["gives"])
    return TestResult(test["name"], has_passed, expected, given)


def _same(one: Any, other: Any) -> bool:
    """Whether two values are the same JSON: true is not 1, nor 1 the same as 1.0."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def _checked(place: int, test: Any) -> dict[str, Any]:
    if not isinstance(test, dict) or not set(test) <= _KEYS or not isinstance(test.get("data", {}), dict):
        raise _bad(
            _("Test %(place)d is no object of name, data, gives or ends, now and seed.") % {"place": place}
        )
    if ("gives" in test) == ("ends" in test):
        raise _bad(_("Test %(place)d says either what the script gives or how it ends.") % {"place": place})
    if not isinstance(test.get("gives", {}), dict) or test.get("ends", FAILED) not in _ENDS:
        raise _bad(_("Test %(place)d expects what no script can give.") % {"place": place})
    if "now" in test and not _is_moment(test["now"]):
        raise _bad(_("Test %(place)d: now is a moment with its zone, by ISO 8601.") % {"place": place})
    if not isinstance(test.get("seed", ""), str):
        raise _bad(_("Test %(place)d: seed is a text.") % {"place": place})
    return {"data": {}, **test, "name": str(test.get("name") or place)[:120]}


def _is_moment(text: Any) -> bool:
    try:
        return isinstance(text, str) and dt.datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def _bad(message: str) -> InvalidInput:
    return InvalidInput(message, code="BAD_TESTS", fields={"tests": message})
