"""The audit trail: one chain, sealed by one sealer at a time, that nobody can rewrite unnoticed."""

from __future__ import annotations

import threading

import pytest
from django.db import IntegrityError, connection, connections, transaction

from accounts.actors import SystemActor
from accounts.audit import GENESIS, SEALING_LOCK, first_broken_position, record_audit, seal_trail
from accounts.models import AuditEvent
from accounts.selectors import visible_audit_events
from events.tracing import trace
from tests.personas import Cast

SYSTEM = SystemActor("dicom:CT1", site_code="county")


def record(count: int) -> None:
    for number in range(count):
        record_audit(SYSTEM, "study.received", object_kind="study", object_uid=f"2.25.{number}")


def set_guard(*, on: bool) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(
            f"ALTER TABLE accounts_auditevent {'ENABLE' if on else 'DISABLE'} TRIGGER audit_rows_stay"
        )


def without_guard(*statements: str) -> None:
    """What an intruder with the rights of the table's owner could do."""
    set_guard(on=False)
    for statement in statements:
        connection.cursor().execute(statement)
    set_guard(on=True)


def test_a_line_says_who_did_what_to_which_object_under_which_trace(cast: Cast) -> None:
    with trace() as trace_id:
        record_audit(
            cast.rosa, "study.viewed", object_kind="study", object_uid="2.25.7",
            study_instance_uid="2.25.7", site_code="county", series="2.25.8",
        )  # fmt: skip

    line = AuditEvent.objects.get()

    assert (line.actor, line.person, line.action) == ("rosa", cast.rosa, "study.viewed")
    assert (line.object_kind, line.object_uid, line.site_code) == ("study", "2.25.7", "county")
    assert line.trace_id == trace_id
    assert line.detail == {"series": "2.25.8"}


def test_a_line_is_taken_back_with_the_act_it_tells_of(db: None) -> None:
    with transaction.atomic():
        record(1)
        transaction.set_rollback(True)

    assert not AuditEvent.objects.exists()


def test_sealing_numbers_the_lines_and_chains_each_to_the_one_before(db: None) -> None:
    record(3)
    assert seal_trail(limit=2) == 2
    assert seal_trail() == 1
    assert seal_trail() == 0

    lines = AuditEvent.objects.order_by("position")

    assert [line.position for line in lines] == [1, 2, 3]
    assert len({line.digest for line in lines} | {GENESIS}) == 4
    assert first_broken_position() is None


@pytest.mark.parametrize(
    ("tampering", "broken"),
    [
        ("UPDATE accounts_auditevent SET object_uid = '2.25.99' WHERE position = 2", 2),
        ("UPDATE accounts_auditevent SET person_id = NULL, actor = 'otto' WHERE position = 1", 1),
        ("DELETE FROM accounts_auditevent WHERE position = 2", 2),
        ("UPDATE accounts_auditevent SET position = position + 10 WHERE position = 3", 3),
    ],
    ids=["object changed", "actor changed", "line removed", "line moved"],
)
def test_tampering_behind_the_guard_shows_where_it_happened(cast: Cast, tampering: str, broken: int) -> None:
    record_audit(cast.rosa, "study.viewed", object_kind="study", object_uid="2.25.1")
    record(2)
    seal_trail()

    without_guard(tampering)

    assert first_broken_position() == broken


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM accounts_auditevent",
        "UPDATE accounts_auditevent SET action = 'nothing.happened'",
        "UPDATE accounts_auditevent SET digest = repeat('0', 64)",
        "UPDATE accounts_auditevent SET position = 5, digest = repeat('0', 64), actor = 'otto'",
        "UPDATE accounts_auditevent SET position = NULL, digest = ''",
    ],
)
@pytest.mark.parametrize("is_sealed", [False, True], ids=["unsealed", "sealed"])
def test_the_database_refuses_to_change_or_remove_a_line(db: None, statement: str, is_sealed: bool) -> None:
    record(1)
    if is_sealed:
        seal_trail()
    before = AuditEvent.objects.values().get()

    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        connection.cursor().execute(statement)

    assert AuditEvent.objects.values().get() == before


def test_a_sealed_line_is_not_sealed_again(db: None) -> None:
    record(1)
    seal_trail()

    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        AuditEvent.objects.update(position=2, digest="f" * 64)


def test_the_database_refuses_to_empty_the_trail(db: None) -> None:
    record(1)
    connection.cursor().execute("SET CONSTRAINTS ALL IMMEDIATE")

    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        connection.cursor().execute("TRUNCATE accounts_auditevent")

    assert AuditEvent.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_sealers_side_by_side_make_one_chain() -> None:
    record(60)
    start = threading.Barrier(4)
    sealed: list[int] = []

    def seal() -> None:
        start.wait()
        sealed.extend(seal_trail(limit=5) for _ in range(10))
        connections.close_all()

    sealers = [threading.Thread(target=seal) for _ in range(4)]
    for sealer in sealers:
        sealer.start()
    for sealer in sealers:
        sealer.join()
    while count := seal_trail(limit=5):
        sealed.append(count)

    assert sum(sealed) == 60
    assert list(AuditEvent.objects.order_by("position").values_list("position", flat=True)) == list(
        range(1, 61)
    )
    assert first_broken_position() is None


@pytest.mark.django_db(transaction=True)
def test_a_sealer_leaves_the_rows_to_the_one_at_work() -> None:
    record(1)
    is_locked, may_go = threading.Event(), threading.Event()

    def hold_lock() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [SEALING_LOCK])
            is_locked.set()
            may_go.wait(timeout=20)
        connections.close_all()

    other = threading.Thread(target=hold_lock)
    other.start()
    is_locked.wait(timeout=20)
    assert seal_trail() == 0
    may_go.set()
    other.join()
    assert seal_trail() == 1


def test_a_line_that_commits_late_is_sealed_after_those_before_it(db: None) -> None:
    record(3)
    late = AuditEvent.objects.order_by("id").first()
    assert late is not None
    without_guard(
        "CREATE TEMP TABLE late AS TABLE accounts_auditevent",
        f"DELETE FROM accounts_auditevent WHERE id = {late.pk}",  # noqa: S608 - a number of our own
    )
    seal_trail()
    without_guard(f"INSERT INTO accounts_auditevent SELECT * FROM late WHERE id = {late.pk}")  # noqa: S608 - likewise

    seal_trail()

    late.refresh_from_db()
    assert late.position == 3
    assert set(AuditEvent.objects.values_list("position", flat=True)) == {1, 2, 3}
    assert first_broken_position() is None


def test_an_administrator_reads_the_trail_of_the_sites_they_keep(cast: Cast) -> None:
    record_audit(cast.rafael, "case.viewed", site_code="provincial")
    record_audit(cast.otto, "case.viewed", site_code="elsewhere")
    record_audit(cast.rosa, "person.signed_in")
    record_audit(cast.otto, "person.signed_in")

    seen = visible_audit_events(cast.ines).values_list("actor", "action")

    assert list(seen) == [("rosa", "person.signed_in"), ("rafael", "case.viewed")]


def test_nobody_else_reads_the_trail(cast: Cast) -> None:
    record_audit(cast.rafael, "case.viewed", site_code="provincial")

    for person in (cast.rosa, cast.rafael, cast.carla, cast.ivo, cast.otto):
        assert not visible_audit_events(person).exists()
