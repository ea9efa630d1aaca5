"""A process to be called, and what a commit carries out."""

from __future__ import annotations

import pytest

from tests.workflows.conftest import bundle, chain, install, user

ASK = user("ask") + '<bpmn:endEvent id="end" name="Finished"/>' + chain("start", "ask", "end")


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
