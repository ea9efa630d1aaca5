"""A task that Rosa has taken."""

from __future__ import annotations

import pytest

from tests.workflows.conftest import chain, user
from workflows import services
from workflows.models import UserTask

BODY = user("look") + '<bpmn:endEvent id="end"/>' + chain("start", "look", "end")


@pytest.fixture
def task(begin, cast):
    begin(BODY)
    task = UserTask.objects.select_related("instance__definition").get()
    services.claim_user_task(task, actor=cast.rosa)
    task.refresh_from_db()
    return task
