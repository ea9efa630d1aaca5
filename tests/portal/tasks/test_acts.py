"""What people write when they give a task away, or talk about it, is kept whatever they paste."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

from tests.personas import Cast
from tests.portal.one_step_process import start_second_look
from workflows.models import CaseComment, ProcessEvent, ProcessInstance, UserTask
from workflows.services import claim_user_task

BrowserOf = Callable[..., Client]
PASTED = "On\0 leave"


@pytest.fixture
def case(cast: Cast, tmp_path: Path) -> ProcessInstance:
    return start_second_look(cast, tmp_path, study="1.2.3", order=str(uuid.uuid4()))


def test_a_reason_with_a_nul_pasted_into_it_is_kept_without(
    cast: Cast, case: ProcessInstance, browser_of: BrowserOf
) -> None:
    task = UserTask.objects.get(instance=case)
    claim_user_task(task, actor=cast.rosa)

    answer = browser_of(cast.rosa).post(reverse("decline-task", args=[task.uid]), {"reason": PASTED})

    assert answer.status_code == 302
    assert ProcessEvent.objects.get(kind="task.declined").detail["notes"] == {"note": "On leave"}


def test_a_colleague_whose_name_holds_a_nul_is_nobody(
    cast: Cast, case: ProcessInstance, browser_of: BrowserOf
) -> None:
    task = UserTask.objects.get(instance=case)

    answer = browser_of(cast.rosa).post(reverse("delegate-task", args=[task.uid]), {"to": "no\0body"})

    assert answer.status_code == 422


def test_a_comment_with_a_nul_pasted_into_it_is_kept_without(
    cast: Cast, case: ProcessInstance, browser_of: BrowserOf
) -> None:
    answer = browser_of(cast.rosa).post(reverse("case-say", args=[case.uid]), {"text": PASTED})

    assert answer.status_code == 302
    assert CaseComment.objects.get().text == "On leave"
