"""A sandbox that does not take a loaded machine for a slow script; for tests elsewhere that run scripts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from workflows.scripting import calls
from workflows.scripting.limits import Limits
from workflows.scripting.pool import Pool


@pytest.fixture(scope="module")
def patient_pool() -> Iterator[Pool]:
    pool = Pool(Limits(wall_s=20.0, cpu_s=10))
    yield pool
    pool.close()


@pytest.fixture
def patient_sandbox(monkeypatch: pytest.MonkeyPatch, patient_pool: Pool) -> None:
    monkeypatch.setattr(calls, "pool", lambda: patient_pool)
