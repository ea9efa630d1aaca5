"""Programs that work on the same workitem at the same moment, each on a connection of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial

import pytest
from django.db import connection

from accounts.models import Person
from archive.workitems.creation import create_workitem
from archive.workitems.models import Workitem, WorkitemSubscription, WorklistSubscription
from archive.workitems.services import change_state, update_workitem
from archive.workitems.states import State
from archive.workitems.subscriptions import (
    subscribe_to_workitem,
    subscribe_to_worklist,
    unsubscribe_from_worklist,
)
from common.errors import ServiceError
from tests.conformance.workitems import REQUIRED, UID, model

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(acts: list[Callable[[], object]]) -> list[str]:
    """What became of each: `done`, or the code of its refusal. A deadlock is neither, and fails."""
    outcomes = [""] * len(acts)
    ready = threading.Barrier(len(acts))

    def perform(place: int) -> None:
        try:
            ready.wait(timeout=20)
            acts[place]()
            outcomes[place] = "done"
        except ServiceError as error:
            outcomes[place] = error.code
        except Exception as error:
            outcomes[place] = repr(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=perform, args=(place,)) for place in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return outcomes


def test_of_programs_that_claim_at_once_one_gets_the_workitem(cast):
    create_workitem(cast.theo, UID, model(REQUIRED))
    keys = [f"2.25.{number}" for number in range(1, 7)]

    outcomes = at_once(
        [partial(change_state, cast.theo, UID, State.IN_PROGRESS, transaction_uid=key) for key in keys]
    )

    assert sorted(outcomes) == ["TRANSACTION_UID_INCORRECT"] * 5 + ["done"]
    assert Workitem.objects.get().transaction_uid == keys[outcomes.index("done")]


def test_one_uid_is_created_once(cast):
    outcomes = at_once([lambda: create_workitem(cast.theo, UID, model(REQUIRED))] * 4)

    assert sorted(outcomes) == ["WORKITEM_EXISTS"] * 3 + ["done"]


def test_creating_changing_and_subscribing_at_once_neither_lock_each_other_nor_miss_a_workitem(cast):
    person: Person = cast.theo
    for number in range(3):
        create_workitem(person, f"2.25.10{number}", model(REQUIRED))
    first = Workitem.objects.get(sop_instance_uid="2.25.100")
    label = model({"WorklistLabel": "B"})

    outcomes = at_once(
        [
            lambda: subscribe_to_worklist(person, ae_title="WATCHER", has_lock=True),
            *[partial(create_workitem, person, f"2.25.20{n}", model(REQUIRED)) for n in range(4)],
            lambda: update_workitem(person, "2.25.100", label, transaction_uid=""),
            lambda: subscribe_to_workitem(person, first, ae_title="WATCHER", has_lock=False),
            lambda: change_state(person, "2.25.101", State.IN_PROGRESS, transaction_uid="2.25.1"),
        ]
    )

    assert outcomes == ["done"] * len(outcomes)
    assert WorkitemSubscription.objects.count() == Workitem.objects.count() == 7
    unsubscribe_from_worklist(person, ae_title="WATCHER", kind=WorklistSubscription.Kind.WORKLIST)
    assert not WorkitemSubscription.objects.exists()
