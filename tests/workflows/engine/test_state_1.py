"""Cases whose state was written by an earlier version go on."""

from __future__ import annotations

import json
import zlib

from tests.workflows.conftest import chain, user
from tests.workflows.engine.drawing import END
from tests.workflows.engine.playing import model_of
from tests.workflows.engine.test_joins import FORK, JOIN
from workflows.engine import ProcessRun

BODY = (
    FORK + JOIN + user("a") + user("b") + user("c") + user("d") + END
    + chain("start", "s", "a", "j", "d", "end") + chain("s", "b", "j") + chain("s", "c", "j")
)  # fmt: skip
VERSION_1 = {
    "version": 1,
    "process": {
        "data": {}, "success": True, "completed": False, "last_task": 4,
        "tasks": [
            ["00" * 15 + "01", None, "Start", 64, 100.0, 0, {"site": "provincial"}, [], {}],
            ["00" * 15 + "02", 0, "start", 64, 101.0, 0, {}, [], {"event_fired": True}],
            ["00" * 15 + "03", 1, "s", 64, 102.0, 0, {}, [], {}],
            ["00" * 15 + "04", 2, "a", 64, 103.0, 0, {"a": 1}, [], {}],
            ["00" * 15 + "05", 2, "b", 64, 104.0, 0, {"b": 2}, [], {}],
            ["00" * 15 + "06", 2, "c", 16, 102.1, 0, {}, [], {}],
            ["00" * 15 + "07", 3, "j", 256, 104.1, 0, {}, ["site", "a"], {}],
            ["00" * 15 + "08", 4, "j", 8, 104.2, 0, {}, ["site", "b"], {}],
            ["00" * 15 + "09", 5, "j", 4, 102.2, 0, {}, ["site"], {}],
            ["00" * 15 + "0a", 8, "d", 4, 102.2, 0, {}, [], {}],
            ["00" * 15 + "0b", 9, "end", 4, 102.2, 0, {}, [], {}],
        ],
    },
    "subprocesses": [],
}  # fmt: skip


def test_a_token_that_waited_at_a_join_still_counts():
    """Version 1 kept the tokens that came before the last one as cancelled tasks."""
    state = zlib.compress(json.dumps(VERSION_1).encode())

    run = ProcessRun.restore(model_of(BODY), state)
    ((uid, wait),) = run.waits.user_tasks.items()
    assert (wait.element_id, uid.hex) == ("c", "00" * 15 + "06")
    run.complete_user_task(uid, {"c": 3})

    ((uid, wait),) = run.waits.user_tasks.items()
    assert wait.element_id == "d"
    data = run.data_of(uid)
    assert (data["a"], data["b"], data["c"]) == (1, 2, 3)
