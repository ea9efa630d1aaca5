"""Rows written in one statement are the rows the models say, whatever the table and the types of its columns."""

from __future__ import annotations

import datetime as dt
import uuid
from contextlib import nullcontext

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, models, transaction

from accounts.models import AccessGrant, AuditEvent
from common.keys import Keys
from common.prepared import PreparedCheck, PreparedUpdate, Slot
from common.row_parts import insert_of
from common.rows import Changes, Overtaken, write_with
from events.models import Delivery
from workflows.models import (
    ProcessDefinition,
    ProcessInstance,
    ProcessSubject,
    ReceivedMessage,
    ServiceTaskRun,
)

MOMENT = dt.datetime(2026, 3, 2, 8, 0, 0, 123456, tzinfo=dt.UTC)
ODD = 'a "quoted" \\ line\nand 张伟 👁 {"x": 1}'
OURS = ["accounts", "events", "mpi", "orders", "studies", "reports", "workflows", "compute", "notifications"]


def definition(key: str = "P") -> ProcessDefinition:
    return ProcessDefinition(
        key=key, version=1, name=ODD, digest="d", files={"a.bpmn": ODD, "n": [1, 2.5, None, True]},
        start_messages=["OrderReceived", ODD], catch_messages=[], imported_at=MOMENT,
    )  # fmt: skip


def instance(cast, of: ProcessDefinition, start_key: str = "k") -> ProcessInstance:
    return ProcessInstance(
        definition=of, site=cast.county, start_key=start_key, state=bytes(range(256)), started_at=MOMENT,
        changed_at=MOMENT, trace_id=uuid.uuid4(),
    )  # fmt: skip


def delivery(**values) -> Delivery:
    fields = {
        "event_uid": uuid.uuid4(), "name": "n", "subscriber": "s", "payload": {"a": ODD},
        "trace_id": uuid.uuid4(), "published_at": MOMENT, "next_attempt_at": MOMENT,
    } | values  # fmt: skip
    return Delivery(**fields)


def as_stored(row: models.Model) -> dict[str, object]:
    """The row's columns as a fresh read gives them, without its key."""
    fresh = type(row)._base_manager.get(pk=row.pk)
    values = {f.attname: getattr(fresh, f.attname) for f in row._meta.concrete_fields if not f.primary_key}
    return {name: bytes(value) if isinstance(value, memoryview) else value for name, value in values.items()}


def as_given(row: models.Model) -> dict[str, object]:
    return {f.attname: getattr(row, f.attname) for f in row._meta.concrete_fields if not f.primary_key}


@pytest.mark.django_db
def test_rows_of_several_tables_come_back_as_they_were_given(cast):
    process = definition()
    write_with(None, [process])
    case = instance(cast, process)
    write_with(None, [case])
    step = ServiceTaskRun(
        uid=uuid.uuid4(), instance=case, element_id="e", name=ODD, operator="a.b", arguments={"n": 1},
        queued_at=MOMENT,
    )  # fmt: skip
    message = ReceivedMessage(
        instance=case, event_uid=uuid.uuid4(), message="m", payload="just text", received_at=MOMENT
    )
    line = AuditEvent(
        recorded_at=MOMENT,
        actor="x",
        person=cast.rosa,
        action="a.b",
        trace_id=uuid.uuid4(),
        detail={"é": ODD},
    )

    with transaction.atomic():
        changes = Changes()
        changes.insert([step, message, line, delivery(), delivery()])
        changes.write()

    for row in (process, case, step, message, line):
        assert as_stored(row) == as_given(row)
    assert step.result is None
    assert ServiceTaskRun.objects.filter(result__isnull=True).exists()  # SQL's NULL, not JSON's


@pytest.mark.django_db
def test_one_statement_writes_all_whatever_the_number_of_rows(cast, django_assert_num_queries):
    lines = [
        AuditEvent(recorded_at=MOMENT, actor=str(n), action="a", trace_id=uuid.uuid4()) for n in range(3)
    ]
    for number in (1, 7):
        rows = [delivery(name=str(n)) for n in range(number)]
        changes = Changes()
        changes.insert(rows)
        changes.insert(lines if number == 7 else [])
        with django_assert_num_queries(1):
            changes.write()
        assert [Delivery.objects.get(pk=row.pk).name for row in rows] == [row.name for row in rows]
    assert [AuditEvent.objects.get(pk=line.pk).actor for line in lines] == ["0", "1", "2"]


@pytest.mark.django_db
def test_named_fields_of_a_row_are_updated_and_no_others(cast):
    process = definition()
    write_with(None, [process])
    case = instance(cast, process)
    write_with(None, [case])
    case.state, case.revision, case.ended_at, case.outcome = b"\x00new", 5, MOMENT, "unsaved"

    changes = Changes()
    changes.update(case, "state", "revision", "ended_at")
    changes.insert([ProcessSubject(instance=case, kind="study", uid="2.25.1")])
    changes.write()

    assert as_stored(case) == as_given(case) | {"outcome": ""}
    assert case.subjects.get().uid == "2.25.1"


@pytest.mark.django_db
def test_a_row_that_knows_its_key_is_written_with_those_that_refer_to_it(cast, django_assert_num_queries):
    process = definition()
    write_with(None, [process])
    case = instance(cast, process)
    case.pk = Keys(lambda: ProcessInstance).take()

    changes = Changes()
    changes.insert([ProcessSubject(instance=case, kind="study", uid="2.25.1"), case])
    with django_assert_num_queries(1):
        changes.write()

    assert as_stored(case) == as_given(case)
    assert case.subjects.get().uid == "2.25.1"
    other = instance(cast, process, "other")
    write_with(None, [other])
    assert other.pk > case.pk


@pytest.mark.django_db
def test_an_update_of_many_rows_goes_along_and_leaves_the_new_ones_alone(cast, django_assert_num_queries):
    write_with(None, [delivery(name="old"), delivery(name="old"), delivery(name="other")])
    mark = PreparedUpdate(lambda: Delivery.objects.filter(name=Slot("name")), error_code=Slot("code"))

    changes = Changes()
    changes.insert([delivery(name="old")])
    changes.also(mark, name="old", code="MARKED")
    with django_assert_num_queries(1):
        changes.write()

    assert sorted(Delivery.objects.values_list("name", "error_code")) == [
        ("old", ""), ("old", "MARKED"), ("old", "MARKED"), ("other", ""),
    ]  # fmt: skip


@pytest.mark.django_db
def test_what_is_there_already_is_passed_over_only_when_asked(cast):
    def grant() -> AccessGrant:
        return AccessGrant(study_instance_uid="2.25.1", person=cast.rosa, cause="case:1", granted_at=MOMENT)

    write_with(None, [grant()])
    write_with(None, [grant()], ignore_conflicts=True)
    assert AccessGrant.objects.count() == 1
    with pytest.raises(IntegrityError), transaction.atomic():
        write_with(None, [grant()])


@pytest.mark.django_db
def test_a_row_written_so_can_be_saved_and_deleted_like_any_other():
    row = delivery()
    write_with(None, [row])

    row.attempts = 3
    row.save()
    assert Delivery.objects.get().attempts == 3
    row.delete()
    assert not Delivery.objects.exists()


@pytest.mark.django_db
def test_the_trail_s_guard_still_stands():
    line = AuditEvent(recorded_at=MOMENT, actor="x", action="a.b", trace_id=uuid.uuid4())
    write_with(None, [line])
    line.actor = "another"

    changes = Changes()
    changes.update(line, "actor")
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        changes.write()


@pytest.mark.django_db
@pytest.mark.parametrize("label", OURS)
def test_new_rows_bring_every_column_of_their_table(label):
    for table in apps.get_app_config(label).get_models():
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0"
                " AND NOT attisdropped AND attidentity = '' AND attgenerated = ''",
                [table._meta.db_table],
            )
            columns = {name for (name,) in cursor.fetchall()}
        assert {column.name for column in insert_of(table, False, False, True, 1).columns} == columns


RENAME = PreparedUpdate(
    lambda: ProcessDefinition.objects.filter(pk=Slot("pk"), name=Slot("before")), name=Slot("after")
)


@pytest.mark.django_db(transaction=True)
def test_rows_that_are_still_as_known_are_changed_with_all_the_rest() -> None:
    kept = definition()
    kept.save()
    new, changes = definition("Q"), Changes()
    changes.must(RENAME, pk=kept.pk, before=ODD, after="renamed")
    changes.insert([new])

    changes.write()

    kept.refresh_from_db()
    assert kept.name == "renamed"
    assert ProcessDefinition.objects.get(key="Q").pk == new.pk


@pytest.mark.parametrize("is_own", [True, False], ids=["commits by itself", "in a transaction"])
@pytest.mark.django_db(transaction=True)
def test_where_a_row_has_moved_nothing_of_it_holds(is_own: bool) -> None:
    kept, other = definition(), definition("R")
    kept.save()
    other.save()
    told: list[str] = []
    changes = Changes()
    changes.must(RENAME, pk=other.pk, before=ODD, after="renamed")
    changes.must(RENAME, pk=kept.pk, before="as it never was", after="renamed")
    changes.insert([definition("Q")])
    changes.then(lambda: told.append("written"))

    with pytest.raises(Overtaken), nullcontext() if is_own else transaction.atomic():
        changes.write(commit=True)

    assert set(ProcessDefinition.objects.values_list("key", "name")) == {("P", ODD), ("R", ODD)}
    assert told == []


@pytest.mark.django_db(transaction=True)
def test_what_follows_is_called_once_it_is_committed() -> None:
    told: list[bool] = []
    changes = Changes()
    changes.insert([definition()])
    changes.then(lambda: told.append(connection.in_atomic_block))
    with transaction.atomic():
        changes.write()
        assert told == []

    assert told == [False]


IS_NAMED = PreparedCheck(lambda: ProcessDefinition.objects.filter(pk=Slot("pk"), name=Slot("name")))


@pytest.mark.django_db(transaction=True)
def test_rows_are_written_where_what_is_given_is_so(django_assert_num_queries):
    known = definition()
    write_with(None, [known])
    changes = Changes()
    changes.given(IS_NAMED, pk=known.pk, name=ODD)
    changes.insert([delivery(name="then")])

    with django_assert_num_queries(1):
        changes.write()

    assert Delivery.objects.filter(name="then").count() == 1


@pytest.mark.django_db(transaction=True)
def test_nothing_is_written_where_what_is_given_is_not_so():
    known = definition()
    write_with(None, [known])
    changes = Changes()
    changes.insert([delivery(name="then")])
    changes.given(IS_NAMED, pk=known.pk, name="as it never was")

    with pytest.raises(Overtaken):
        changes.write()

    assert not Delivery.objects.filter(name="then").exists()
