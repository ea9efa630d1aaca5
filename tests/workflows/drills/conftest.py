"""Operators that wait for their answers, and reports that are signed, as in the tests of processes."""

from __future__ import annotations

import pytest

from tests.processes.conftest import signed_reports
from workflows import service_tasks
from workflows.service_tasks import Operator, Pending

__all__ = ["signed_reports"]


@pytest.fixture
def waiting_operators(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every registered step waits for its answer; one whose worker was lost is tried again."""
    waiting = {
        name: Operator(name, lambda _context, **_arguments: Pending("asked"), "default", 4, 60)
        for name in service_tasks.operator_names()
    }
    monkeypatch.setattr(service_tasks, "_operators", waiting)
