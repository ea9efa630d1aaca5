"""Each model is played twice: straight, and restored from its state after every step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.workflows.conftest import bpmn
from tests.workflows.engine.events.playing import DATA, Playing
from workflows.engine import ProcessModel


@pytest.fixture(params=[False, True], ids=["straight", "restored after each step"])
def play(request: pytest.FixtureRequest) -> Callable[..., Playing]:
    """Begin a process made of `body`."""

    def begin(body: str, **data: Any) -> Playing:
        return Playing(ProcessModel.from_text(bpmn(body)), {**DATA, **data}, is_restored=request.param)

    return begin
