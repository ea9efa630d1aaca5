"""Running scripts: the one door. A call has no effect but its result, and the same input gives the same result."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from django.conf import settings

from accounts.actors import Actor, SystemActor
from workflows.scripting.answers import Refusal, read_answer
from workflows.scripting.denials import record_denial
from workflows.scripting.errors import AUDITED, MEMORY, UNAVAILABLE, ScriptError
from workflows.scripting.limits import MOST_DATA, Limits
from workflows.scripting.pool import NoSandbox, Pool, watched

SCRIPTING = SystemActor("scripting")


def run_script(
    source: str,
    data: Mapping[str, Any],
    *,
    name: str,
    now: dt.datetime | None = None,
    seed: str | None = None,
    actor: Actor = SCRIPTING,
) -> dict[str, Any]:
    """The variables a script made or changed, as JSON values; `data` itself is never touched.

    The script finds the data as variables. What it defines or imports, and variables whose names begin with an
    underscore, stay inside. `now` is what its clock says, `seed` where its random numbers begin; without them
    it has neither.

    Raises  ScriptError; a script that was denied something or met a limit is in the audit trail, as run by `actor`.
    """
    request = {"do": "run", "source": source, "data": data, "now": now and now.isoformat(), "seed": seed}
    values: dict[str, Any] = _ask(request, name=name, actor=actor)["values"]
    return values


def evaluate_script(
    expression: str,
    data: Mapping[str, Any],
    *,
    name: str,
    now: dt.datetime | None = None,
    seed: str | None = None,
    actor: Actor = SCRIPTING,
) -> Any:
    """The value of one expression over the data, as JSON. Otherwise as `run_script`."""
    request = {
        "do": "evaluate",
        "source": expression,
        "data": data,
        "now": now and now.isoformat(),
        "seed": seed,
    }
    return _ask(request, name=name, actor=actor)["value"]


def check_script(source: str, *, name: str, actor: Actor = SCRIPTING) -> None:
    """Read a script without running it. Raises ScriptError if it could not be run."""
    _ask({"do": "check", "source": source, "data": {}}, name=name, actor=actor)


def digest_of(source: str) -> str:
    """What a script is known by in audit lines: SHA-256 over its text."""
    return hashlib.sha256(source.encode(errors="surrogatepass")).hexdigest()


@cache
def pool() -> Pool:
    """This process's sandbox."""
    return watched(Pool(Limits.configured(), needs_filter=settings.SCRIPT_SANDBOX == "required"))


def _ask(request: Mapping[str, Any], *, name: str, actor: Actor) -> dict[str, Any]:
    source = request["source"]
    encoded = json.dumps(request, allow_nan=False).encode()
    try:
        if len(encoded) > MOST_DATA:
            raise Refusal(MEMORY)
        return read_answer(pool().ask(encoded), source=source)
    except NoSandbox as error:
        raise ScriptError(UNAVAILABLE, name=name, digest=digest_of(source)) from error
    except Refusal as refusal:
        refused = ScriptError(
            refusal.code, name=name, digest=digest_of(source),
            line=refusal.line, why=refusal.why, what=refusal.what,
        )  # fmt: skip
    if refused.code in AUDITED:
        record_denial(refused, actor=actor)
    raise refused
