from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import AuditEvent
from archive.orders.accession import accession_number
from archive.orders.models import Order, ScheduledProcedureStep
from archive.orders.services import cancel_order, mark_in_progress, mark_reported
from common.errors import Conflict, InvalidInput, NotFound
from common.uids import is_uid
from events import services as events
from events.delivery import deliver
from tests.archive.orders.orders import HIS, make_patient, place_order
from tests.bulletins import deliveries


@pytest.fixture
def published(monkeypatch):
    """What the orders package published, in order."""
    news: list[events.Event] = []
    monkeypatch.setattr(events, "_subscribers", {})
    monkeypatch.setattr(events, "_every_event", {})
    events.subscribe("OrderReceived", subscriber="tests", handler=news.append)
    return news


@given(st.text(max_size=32), st.text(min_size=1, max_size=64))
def test_an_accession_number_is_always_a_legal_sh_and_depends_on_nothing_else(site_code, number):
    made = accession_number(site_code, number)

    assert made == accession_number(site_code, number)
    assert 0 < len(made) <= 16
    assert made.isalnum()
    assert made.isascii()


def test_two_sites_with_the_same_placer_number_get_different_accession_numbers():
    assert accession_number("county", "17") != accession_number("elsewhere", "17")


def test_an_order_is_a_worklist_entry_and_is_told_of_once(cast, published):
    first = place_order(cast)
    again = place_order(cast)
    for row in deliveries():
        deliver(row.pk)

    assert first == again
    step = ScheduledProcedureStep.objects.get(order=first)
    assert (step.modality, step.status) == ("CT", "SCHEDULED")
    assert is_uid(first.study_instance_uid)
    (news,) = published
    assert news.name == "OrderReceived"
    assert news.payload == {
        "site_code": "county",
        "expert_site_code": "provincial",
        "accession_number": first.accession_number,
        "procedure_code": "CONSULT-CT-CHEST",
        "modality": "CT",
        "service": "remote_consultation",
        "priority": "ROUTINE",
        "subjects": {
            "order": str(first.uid),
            "patient": str(first.patient.uid),
            "study": first.study_instance_uid,
        },
    }
    assert AuditEvent.objects.filter(action="order.received").count() == 1
    assert news.trace_id == first.trace_id


def test_an_order_number_that_turns_up_with_another_patient_is_refused(cast):
    place_order(cast)
    with pytest.raises(Conflict) as refusal:
        place_order(cast, make_patient(cast, "2002"))
    assert refusal.value.code == "ORDER_OF_OTHER_PATIENT"


@pytest.mark.parametrize("number", ["study_instance_uid", "accession_number"])
def test_numbers_of_another_order_are_refused(cast, number):
    first = place_order(cast)
    with pytest.raises(Conflict) as refusal:
        place_order(cast, placer_order_number="PO-2", **{number: getattr(first, number)})
    assert refusal.value.code == "ORDER_NUMBER_TAKEN"
    assert Order.objects.count() == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("study_instance_uid", "not-a-uid"),
        ("accession_number", "A" * 17),
        ("station_ae_title", "S" * 17),
        ("modality", ""),
        ("placer_order_number", ""),
        ("procedure_code", ""),
    ],
)
def test_what_dicom_cannot_hold_is_refused_by_field(cast, field, value):
    with pytest.raises(InvalidInput) as refusal:
        place_order(cast, **{field: value})
    assert list(refusal.value.fields) == [field]
    assert not Order.objects.exists()


def test_a_cancelled_order_leaves_the_worklist_and_cancelling_again_changes_nothing(cast):
    order = place_order(cast)
    for _ in range(2):
        cancel_order(site=cast.county, placer_order_number="PO-1", actor=HIS)
    order.refresh_from_db()
    assert order.status == Order.Status.CANCELLED
    assert order.steps.get().status == "CANCELLED"
    assert AuditEvent.objects.filter(action="order.cancelled").count() == 1


def test_an_order_under_way_cannot_be_cancelled(cast):
    order = place_order(cast)
    mark_in_progress(order)
    assert order.steps.get().status == "STARTED"
    with pytest.raises(Conflict):
        cancel_order(site=cast.county, placer_order_number="PO-1", actor=HIS)


def test_an_unknown_order_cannot_be_cancelled(cast):
    with pytest.raises(NotFound):
        cancel_order(site=cast.county, placer_order_number="PO-9", actor=HIS)


def test_a_reported_order_stays_reported_when_late_images_come(cast):
    order = place_order(cast)
    mark_reported(order)
    mark_in_progress(order)
    assert order.status == Order.Status.REPORTED
