"""One trace id ties together what one order set in motion."""

from __future__ import annotations

import uuid

import pytest

from accounts.models import Membership, Role
from tests.archive.orders.orders import make_patient, place_order
from tests.portal.cases_in_work import make_case
from tests.portal.stored_images import store_ct


@pytest.fixture
def order(cast):
    order = place_order(cast, make_patient(cast, "C-1001"), service="imaging")
    store_ct(cast.county, study=order.study_instance_uid, series="1.2.3.4")
    make_case(order)
    return order


def kinds(client, order) -> list[str]:
    return [line.kind for line in client.get(f"/traces/{order.trace_id}/").context["lines"] if line.is_major]


def test_order_study_and_case_stand_under_one_trace_in_the_order_of_time(cast, client, order):
    client.force_login(cast.rafael)

    assert kinds(client, order) == ["Order", "Study", "Case"]


def test_audit_lines_are_added_for_those_who_keep_the_trail(cast, client, order):
    Membership.objects.create(person=cast.rafael, site=cast.county, role=Role.ADMINISTRATOR)
    client.force_login(cast.rafael)

    page = client.get(f"/traces/{order.trace_id}/").content.decode()

    assert "order.received" in page
    assert "series.received" in page


def test_who_looked_at_the_study_is_told_under_its_trace(cast, client, order):
    Membership.objects.create(person=cast.rafael, site=cast.county, role=Role.ADMINISTRATOR)
    client.force_login(cast.rafael)
    client.get(f"/studies/{order.study_instance_uid}/")

    lines = client.get(f"/traces/{order.trace_id}/").context["lines"]

    assert [line.title for line in lines if line.title == "study.opened"] == ["study.opened"]


def test_trace_of_which_one_may_see_nothing_is_not_there(cast, client, order):
    client.force_login(cast.otto)

    assert client.get(f"/traces/{order.trace_id}/").status_code == 404
    assert client.get(f"/traces/{uuid.uuid4()}/").status_code == 404
