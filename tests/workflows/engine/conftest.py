"""Plays small models in memory, each of them twice: straight, and restored from its state after every step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.workflows.engine.playing import Play, model_of
from workflows.engine import ProcessModel


@pytest.fixture(params=[False, True], ids=["straight", "restored after each step"])
def play(request: pytest.FixtureRequest) -> Callable[..., Play]:
    """Begin a process made of a body, or of a model."""

    def begin(process: str | ProcessModel, data: Mapping[str, Any] | None = None, **options: Any) -> Play:
        model = model_of(process, **options) if isinstance(process, str) else process
        return Play(model, data, is_restored=request.param)

    return begin
