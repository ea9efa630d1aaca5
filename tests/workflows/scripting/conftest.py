"""Sandboxes for tests: started once, patient where a loaded machine must not be mistaken for a slow script."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from workflows.scripting import calls
from workflows.scripting.limits import Limits
from workflows.scripting.pool import Pool

Use = Callable[[Pool], None]


def _pool(limits: Limits, *, is_narrowed: bool = True) -> Iterator[Pool]:
    pool = Pool(limits, is_narrowed=is_narrowed)
    yield pool
    pool.close()


@pytest.fixture(scope="session")
def patient_pool() -> Iterator[Pool]:
    yield from _pool(Limits(wall_s=20.0, cpu_s=10))


@pytest.fixture(scope="session")
def hasty_pool() -> Iterator[Pool]:
    yield from _pool(Limits(wall_s=0.25))


@pytest.fixture(scope="session")
def unnarrowed_pool() -> Iterator[Pool]:
    """Without the wall of the language: plain Python in the sandbox of the system."""
    yield from _pool(Limits(wall_s=20.0, cpu_s=2), is_narrowed=False)


@pytest.fixture
def use_pool(monkeypatch: pytest.MonkeyPatch) -> Use:
    """Have calls go to a pool of the test's choice."""
    return lambda pool: monkeypatch.setattr(calls, "pool", lambda: pool)


@pytest.fixture(autouse=True)
def _patient(use_pool: Use, patient_pool: Pool) -> None:
    use_pool(patient_pool)
