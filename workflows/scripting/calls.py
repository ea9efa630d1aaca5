"""Running scripts: the one door. A call has no effect but its result, and the same input gives the same result."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache, lru_cache
from typing import Any

from django.conf import settings

from accounts.actors import Actor
from workflows.scripting.answers import Refusal, read_answer
from workflows.scripting.denials import record_denial
from workflows.scripting.errors import AUDITED, FAILED, MEMORY, UNAVAILABLE, ScriptError
from workflows.scripting.limits import MOST_DATA, Limits
from workflows.scripting.pool import NoSandbox, Pool, watched


def run_script(
    source: str,
    data: Mapping[str, Any],
    *,
    name: str,
    now: dt.datetime | None = None,
    seed: str | None = None,
    actor: Actor | None = None,
) -> dict[str, Any]:
    """The variables a script made or changed, as JSON values; `data` itself is never touched.

    The script finds the data as variables. What it defines or imports, and variables whose names begin with an
    underscore, stay inside. `now` is what its clock says, `seed` where its random numbers begin; without them
    it has neither.

    Raises  ScriptError; a script that was denied something or met a limit is in the audit trail, as run by `actor`,
            or by whom `scripts_run_for` names.
    """
    values: dict[str, Any] = _run(
        source, gives="values", name=name, actor=actor, data=data, now=now and now.isoformat(), seed=seed
    )
    return values


def evaluate_script(
    expression: str,
    data: Mapping[str, Any],
    *,
    name: str,
    now: dt.datetime | None = None,
    seed: str | None = None,
    actor: Actor | None = None,
) -> Any:
    """The value of one expression over the data, as JSON. Otherwise as `run_script`."""
    return _run(
        expression, gives="value", name=name, actor=actor, data=data, now=now and now.isoformat(), seed=seed
    )


def check_script(source: str, *, name: str, actor: Actor | None = None, is_expression: bool = False) -> None:
    """Read a script without running it. Raises ScriptError if it could not be run."""
    with told(source, name=name, actor=actor):
        _program(source, is_expression=is_expression)


def digest_of(source: str) -> str:
    """What a script is known by in audit lines: SHA-256 over its text."""
    return hashlib.sha256(source.encode(errors="surrogatepass")).hexdigest()


@cache
def pool() -> Pool:
    """This process's sandbox."""
    return watched(Pool(Limits.configured(), needs_filter=settings.SCRIPT_SANDBOX == "required"))


def _run(source: str, *, gives: str, name: str, actor: Actor | None, **given: Any) -> Any:
    is_expression = gives == "value"
    with told(source, name=name, actor=actor):
        asked = {"do": "run", "is_expression": is_expression, **given}
        program = _program(source, is_expression=is_expression)
        return _ask(source, {**asked, **program}, gives=gives)[gives]


@lru_cache(maxsize=512)
def _program(source: str, *, is_expression: bool) -> dict[str, Any]:
    """What a script is run by: made once by a child that runs nothing of it, and opaque to us."""
    request = {"do": "make", "is_expression": is_expression, "source": source}
    return _ask(source, request, gives="program")


def _ask(source: str, request: Mapping[str, Any], *, gives: str) -> dict[str, Any]:
    try:
        encoded = json.dumps(request, allow_nan=False).encode()
    except (ValueError, RecursionError):
        raise Refusal(FAILED, why="data") from None
    if len(encoded) > MOST_DATA:
        raise Refusal(MEMORY)
    return read_answer(pool().ask(encoded), source=source, gives=gives)


@contextmanager
def told(source: str, *, name: str, actor: Actor | None) -> Iterator[None]:
    """Have a call that gives no result end in a ScriptError, and in an audit line where it was stopped."""
    try:
        yield
    except NoSandbox as error:
        raise ScriptError(UNAVAILABLE, name=name, digest=digest_of(source)) from error
    except Refusal as refusal:
        refused = ScriptError(
            refusal.code, name=name, digest=digest_of(source),
            line=refusal.line, why=refusal.why, what=refusal.what,
        )  # fmt: skip
        if refused.code in AUDITED:
            record_denial(refused, actor=actor)
        raise refused from None
