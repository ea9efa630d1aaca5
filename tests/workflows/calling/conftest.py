"""A process to be called, and what a commit carries out."""

from __future__ import annotations

import pytest

from tests.workflows.calling.called_cases import ASK, OUTER, perform
from tests.workflows.conftest import bundle, install
from workflows.locks import warm_runs


@pytest.fixture
def inner(operators, tmp_path_factory):
    """Deploy what is called `Inner`."""

    def deploy(body=ASK, **options):
        return install(bundle(body, key="Inner", **options), tmp_path_factory.mktemp("inner"))

    return deploy


@pytest.fixture
def after_commit(django_capture_on_commit_callbacks):
    """Carry out at the end of a block what a commit would have carried out."""
    return django_capture_on_commit_callbacks


@pytest.fixture(params=[False, True], ids=["straight", "restored before each step"])
def step(request, after_commit):
    """Take one step and commit it, so that its run is kept; then do what it nudges."""

    def act(do):
        for each in (do, perform):
            if request.param:
                warm_runs.forget()
            with after_commit(execute=True):
                each()

    return act


@pytest.fixture
def outer(inner, begin, step):
    """Deploy a process to be called, and begin one that calls it."""

    def start(body=OUTER, data=None, called_process=ASK):
        inner(called_process)
        begun = []
        step(lambda: begun.append(begin(body, data)))
        return begun[0]

    return start
