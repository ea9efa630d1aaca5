"""Plays small models in memory, straight and restored from their state after every act."""

from __future__ import annotations

import pytest

from tests.workflows.engine.play import Play


@pytest.fixture(params=[False, True], ids=["straight", "restored after each step"])
def play(request):
    """Start a process made of a body; every act on what comes back is followed by a restore, or not."""

    def start(body, data=None, **options):
        return Play(body, data or {}, is_restored=request.param, **options)

    return start
