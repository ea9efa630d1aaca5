"""Rows that are tried again: whose they are, and when."""

from __future__ import annotations

import datetime as dt
import threading

import pytest
from django.db import connections, transaction

from common.attempts import back_off, in_nobodys_hands, take
from integrations.dicom.models import ApplicationEntity, Notice

MINUTE = dt.timedelta(minutes=1)


@pytest.mark.parametrize(
    ("attempts", "seconds"), [(1, 2), (2, 4), (3, 8), (9, 512), (10, 600), (1_000_000, 600)]
)
def test_waits_double_up_to_the_longest(attempts: int, seconds: int) -> None:
    assert back_off(attempts, longest_s=600) == dt.timedelta(seconds=seconds)


def test_a_unit_of_its_own_is_doubled_as_well() -> None:
    assert [back_off(n, unit_s=5, longest_s=30).total_seconds() for n in (1, 2, 3)] == [10, 20, 30]


@pytest.fixture
def notices(cast, clock):
    node = ApplicationEntity.objects.create(ae_title="OLDPACS", site=cast.county)
    return [
        Notice.objects.create(
            node=node, kind="availability", lane=str(n), queued_at=clock.now, next_attempt_at=clock.now,
            trace_id="00000000-0000-0000-0000-000000000001",
        )
        for n in range(2)
    ]  # fmt: skip


@pytest.mark.django_db
def test_a_row_is_taken_under_a_lease_and_free_again_when_it_is_over(notices, clock):
    first, second = notices

    taken = take(Notice.objects.filter(in_nobodys_hands()), lease=MINUTE)

    assert taken == first
    first.refresh_from_db()
    assert (first.attempts, first.lease_until) == (1, clock.now + MINUTE)
    assert list(Notice.objects.filter(in_nobodys_hands())) == [second]
    clock.advance(MINUTE)
    assert Notice.objects.filter(in_nobodys_hands()).count() == 2


@pytest.mark.django_db
def test_of_no_rows_none_is_taken():
    assert take(Notice.objects.all(), lease=MINUTE) is None


@pytest.mark.django_db(transaction=True)
def test_a_row_that_another_is_taking_is_passed_over(notices):
    elsewhere: list[Notice | None] = []

    def take_elsewhere() -> None:
        elsewhere.append(take(Notice.objects.all(), lease=MINUTE))
        connections.close_all()

    with transaction.atomic():
        first = take(Notice.objects.all(), lease=MINUTE)
        other = threading.Thread(target=take_elsewhere)
        other.start()
        other.join(timeout=20)

    assert [first, *elsewhere] == notices
