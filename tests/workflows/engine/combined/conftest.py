"""Each model is played twice: straight, and restored from its state after every step."""

from __future__ import annotations

from tests.workflows.engine.events.conftest import play

__all__ = ["play"]
