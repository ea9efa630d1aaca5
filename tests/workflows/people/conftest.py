"""A task that Rosa has taken, and a colleague she could give it to."""

from __future__ import annotations

import pytest

from accounts.models import Membership, Role
from tests.workflows.conftest import chain, user
from workflows import services
from workflows.models import UserTask

BODY = user("look") + '<bpmn:endEvent id="end"/>' + chain("start", "look", "end")


@pytest.fixture
def li(cast, django_user_model):
    """A second radiologist of the provincial hospital."""
    person = django_user_model.objects.create_user("li", display_name="Li")
    Membership.objects.create(person=person, site=cast.provincial, role=Role.RADIOLOGIST)
    return person


@pytest.fixture
def task(begin, cast):
    begin(BODY)
    task = UserTask.objects.select_related("instance__definition").get()
    services.claim_user_task(task, actor=cast.rosa)
    task.refresh_from_db()
    return task
