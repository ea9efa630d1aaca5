"""The study picker of forms offers the patient's studies that the person may see, and no other."""

from __future__ import annotations

from accounts.services import grant_studies
from portal.studies.picking import studies_of_the_patient
from tests.personas import Cast
from tests.portal.cases_in_work import make_case, make_order, offer_task
from tests.portal.stored_images import store_ct


def test_the_case_s_own_study_stands_first_and_what_one_may_not_see_is_missing(cast: Cast) -> None:
    order = make_order(cast)
    store_ct(cast.county, study=order.study_instance_uid, series="1.2.3.4")
    task = offer_task(make_case(order), site=cast.provincial)

    assert [uid for uid, _label in studies_of_the_patient(task, cast.rosa)] == [order.study_instance_uid]
    assert studies_of_the_patient(task, cast.otto) == []
    assert studies_of_the_patient(task, None) == []


def test_a_case_about_nobody_offers_nothing(cast: Cast) -> None:
    case = make_case(make_order(cast))
    case.subjects.filter(kind="patient").delete()
    task = offer_task(case, site=cast.provincial)
    grant_studies(["1.2.3"], cause="test", person=cast.rosa)

    assert studies_of_the_patient(task, cast.rosa) == []
