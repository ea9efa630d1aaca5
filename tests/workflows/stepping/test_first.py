"""The first step: one statement on the version this process knows as active, looked up where that is no longer so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from common.errors import NotFound
from tests.workflows.conftest import bundle, chain, install, machine, user
from workflows import services
from workflows.deployment import bundles
from workflows.models import ProcessInstance, ServiceTaskRun, UserTask

pytestmark = pytest.mark.django_db(transaction=True)
END = '<bpmn:endEvent id="end"/>'
ONE = user("a") + END + chain("start", "a", "end")
TWO = user("a") + user("b") + END + chain("start", "a", "b", "end")


@pytest.fixture
def begin_again(begin: Any, cast: Any) -> Any:
    """Start another instance of the process that `begin` has imported and started."""

    def start(key: str, **given: Any) -> ProcessInstance:
        wanted = {
            "data": {"site": "provincial"},
            "site": cast.provincial,
            "subjects": {},
            "actor": cast.carla,
        }
        return services.start_process("Sample", start_key=key, **(wanted | given))

    return start


def test_the_next_instance_of_a_known_process_is_one_statement(begin, begin_again, django_assert_num_queries):
    begin(ONE)

    with django_assert_num_queries(1):
        second = begin_again("two")

    assert UserTask.objects.filter(instance=second, status="ready").count() == 1
    assert second.pk not in ProcessInstance.objects.exclude(start_key="two").values_list("pk", flat=True)


def test_what_was_started_under_a_key_stays_the_one(begin, begin_again):
    first = begin(ONE, start_key="one")

    assert begin_again("one").pk == first.pk
    assert ProcessInstance.objects.count() == 1


def test_a_version_deployed_elsewhere_meanwhile_is_the_one_that_runs(begin, begin_again, tmp_path: Path):
    old = begin(ONE).definition_id

    new = install(bundle(TWO), tmp_path)

    assert begin_again("two").definition_id == new.pk != old
    assert begin_again("three").definition_id == new.pk


def test_a_process_retired_meanwhile_starts_nothing(begin, begin_again, cast):
    bundles.retire(begin(ONE).definition, actor=cast.carla)

    with pytest.raises(NotFound):
        begin_again("two")

    assert ProcessInstance.objects.count() == 1


def test_a_first_step_that_asks_machines_is_written_as_a_whole(begin, begin_again):
    begin(machine("m") + END + chain("start", "m", "end"))

    second = begin_again("two")

    assert ServiceTaskRun.objects.filter(instance=second).count() == 1


def test_within_a_transaction_the_version_is_looked_up(begin, begin_again, cast):
    bundles.retire(begin(ONE).definition, actor=cast.carla)

    with transaction.atomic():
        with pytest.raises(NotFound):
            begin_again("two")
        assert ProcessInstance.objects.count() == 1  # what is refused has not spoiled the transaction
