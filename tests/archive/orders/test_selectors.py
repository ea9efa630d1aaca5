from __future__ import annotations

import datetime as dt

import pytest

from accounts.services import grant_studies
from archive.orders.selectors import find_order, visible_orders, worklist_steps
from archive.orders.services import cancel_order, mark_in_progress
from tests.archive.orders.orders import HIS, MOMENT, make_patient, place_order


def found(**keys: object) -> list[str]:
    return [step.order.placer_order_number for step in worklist_steps(**keys)]  # type: ignore[arg-type]


@pytest.fixture
def two_orders(cast):
    wei = make_patient(cast)
    ana = make_patient(cast, "2002", family_name="Smith", given_name="Ana", ideographic_name="")
    place_order(cast, wei, placer_order_number="CT-1", station_ae_title="CT1")
    later = MOMENT + dt.timedelta(days=1)
    place_order(cast, ana, placer_order_number="MR-2", modality="MR", scheduled_at=later)
    return cast


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({}, ["CT-1", "MR-2"]),
        ({"modality": "MR"}, ["MR-2"]),
        ({"modality": "US"}, []),
        ({"station_ae_title": "CT1"}, ["CT-1", "MR-2"]),  # a step without a station is everybody's
        ({"station_ae_title": "CT9"}, ["MR-2"]),
        ({"patient_id": "1001"}, ["CT-1"]),
        ({"patient_id": "20*"}, ["MR-2"]),
        ({"patient_id": "20"}, []),
        ({"patient_name": "zhang^wei"}, ["CT-1"]),
        ({"patient_name": "ZHANG*"}, ["CT-1"]),
        ({"patient_name": "Smith"}, ["MR-2"]),
        ({"patient_name": "Sm?th^*"}, ["MR-2"]),
        ({"patient_name": "*"}, ["CT-1", "MR-2"]),
        ({"patient_name": "张*"}, ["CT-1"]),
        ({"patient_name": "=张^伟"}, ["CT-1"]),
        ({"patient_name": "Zha"}, []),
        ({"date_range": (dt.date(2026, 3, 2), dt.date(2026, 3, 2))}, ["CT-1"]),
        ({"date_range": (dt.date(2026, 3, 3), None)}, ["MR-2"]),
        ({"date_range": (None, MOMENT)}, ["CT-1"]),
    ],
)
def test_the_worklist_matches_by_key_like_ps3_4_says(two_orders, keys, expected):
    assert found(**keys) == expected


def test_the_worklist_finds_an_accession_number(two_orders):
    number = worklist_steps(modality="CT")[0].order.accession_number
    assert found(accession_number=number) == ["CT-1"]


def test_the_worklist_day_is_the_regions_day_not_utcs(cast):
    place_order(cast, scheduled_at=dt.datetime(2026, 3, 2, 17, 0, tzinfo=dt.UTC))  # 01:00 on the 3rd there
    assert found(date_range=(dt.date(2026, 3, 3), dt.date(2026, 3, 3))) == ["PO-1"]
    assert found(date_range=(dt.date(2026, 3, 2), dt.date(2026, 3, 2))) == []


def test_started_and_cancelled_steps_are_off_the_worklist(two_orders):
    cast = two_orders
    cancel_order(site=cast.county, placer_order_number="CT-1", actor=HIS)
    mark_in_progress(worklist_steps(modality="MR")[0].order)
    assert found() == []


def test_a_worklist_of_one_site_and_its_one_query(two_orders, django_assert_num_queries):
    with django_assert_num_queries(1):
        (first, _) = worklist_steps(site=two_orders.county)
        assert first.order.patient.ideographic_name == "张伟"
        assert first.order.site == two_orders.county
    assert found(site=two_orders.elsewhere) == []


def test_the_study_uid_of_our_worklist_finds_the_order(cast):
    order = place_order(cast)
    facts = {"site": cast.county, "accession_number": "", "patient": order.patient}
    assert find_order(study_instance_uid=order.study_instance_uid, **facts) == (
        order,
        "study UID of the order",
    )


def test_an_accession_number_finds_the_order_only_for_the_same_patient_and_site(cast):
    order = place_order(cast)
    facts = {"study_instance_uid": "1.2.3", "accession_number": order.accession_number}

    assert find_order(site=cast.county, patient=order.patient, **facts)[0] == order
    assert find_order(site=cast.county, patient=None, **facts)[0] == order
    nobody, why = find_order(site=cast.county, patient=make_patient(cast, "2002"), **facts)
    assert nobody is None
    assert "another patient" in why
    assert find_order(site=cast.elsewhere, patient=None, **facts)[0] is None


def test_orders_are_seen_at_their_site_and_by_those_a_case_let_in(cast):
    order = place_order(cast)
    assert list(visible_orders(cast.theo)) == [order]
    assert not visible_orders(cast.rosa).exists()
    assert not visible_orders(cast.otto).exists()

    grant_studies([order.study_instance_uid], cause="case:1", person=cast.rosa)
    assert list(visible_orders(cast.rosa)) == [order]
    assert not visible_orders(cast.otto).exists()
