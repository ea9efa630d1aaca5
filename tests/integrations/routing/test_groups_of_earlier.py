"""What was queued for members of groups before a delivery said which group it is of."""

from __future__ import annotations

import importlib

import pytest
from django.db import connection

from integrations.routing.groups import leave_the_dead
from integrations.routing.models import Delivery
from integrations.routing.services import queue_series, route_series
from tests.integrations.routing.tables import routing_table
from tests.integrations.routing.test_groups import die, members, recorders, uids, where

__all__ = ["members", "recorders"]  # fixtures

pytestmark = pytest.mark.django_db
UPGRADE = importlib.import_module("integrations.routing.migrations.0007_groups_of_earlier_deliveries")


def upgrade() -> None:
    with connection.cursor() as cursor:
        cursor.execute(UPGRADE.GROUP_OF_EARLIER)


def test_deliveries_of_before_leave_a_dead_member_as_later_ones_do(members, make_series):
    series = make_series(3)
    route_series(series)
    Delivery.objects.update(group="")
    die(members[0])
    assert leave_the_dead() == 0

    upgrade()

    assert leave_the_dead() == 3
    assert where(series) == {"pacs-2": ["waiting"] * 3}


def test_what_a_row_sent_to_a_member_by_its_own_key_is_of_no_group(members, make_series, put_in_force):
    put_in_force(routing_table(["modality"], ["destination"], ["-", '"pacs-1"']))
    route_series(make_series(2))

    upgrade()

    assert set(Delivery.objects.values_list("group", flat=True)) == {""}


def test_of_an_object_that_two_members_were_given_the_first_counts(members, make_series):
    series = make_series(1)
    decision = route_series(series)
    Delivery.objects.update(group="")
    queue_series(series, destination=members[1], decision=decision)
    assert Delivery.objects.filter(sop_instance_uid=uids(series)[0]).count() == 2

    upgrade()
    upgrade()  # again without effect

    assert list(Delivery.objects.order_by("pk").values_list("group", flat=True)) == ["pacs", ""]
