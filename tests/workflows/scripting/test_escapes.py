"""The corpus of escapes: every attempt ends as it says there, and is in the audit trail."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from accounts.models import AuditEvent
from workflows.scripting import ScriptError, run_script
from workflows.scripting.calls import digest_of

HERE = Path(__file__).parent
ESCAPES = tomllib.loads((HERE / "escapes.toml").read_text())["escape"]
DATA = {"patient": {"name": "A"}, "values": [3, 1, 2]}


def source_of(escape):
    part, times = escape.get("repeated", ["", 0])
    return escape["source"].replace("{repeated}", part * times)


def test_the_corpus_is_large_and_names_every_attempt_once():
    names = [escape["tries"] for escape in ESCAPES]
    assert len(names) == len(set(names))
    assert len(names) >= 60


@pytest.mark.django_db
@pytest.mark.parametrize("escape", ESCAPES, ids=[escape["tries"] for escape in ESCAPES])
def test_an_escape_is_denied_and_audited(escape, use_pool, hasty_pool):
    if escape["ends"] == "SCRIPT_TIMEOUT":
        use_pool(hasty_pool)
    source = source_of(escape)

    with pytest.raises(ScriptError) as caught:
        run_script(source, DATA, name="escape")

    assert caught.value.code == escape["ends"]
    line = AuditEvent.objects.get(action="script.denied")
    assert (line.outcome, line.object_kind, line.object_uid) == ("refused", "script", "escape")
    assert line.detail["digest"] == digest_of(source)
    assert line.detail["code"] == escape["ends"]
    assert set(line.detail) == {"digest", "code", "line", "reason"}
