"""A study picked in a form is one of the patient's that the person may see, and the case then knows it."""

from __future__ import annotations

from pathlib import Path

import pytest

from accounts.services import revoke_grants
from archive.studies.models import Study
from archive.studies.selectors import visible_studies
from common.errors import InvalidInput
from tests.personas import Cast
from tests.portal.tasks.compared_studies import Compared, start_comparing
from workflows.case_data import data_of
from workflows.forms.views import form_view
from workflows.models import UserTask
from workflows.services import complete_user_task

NOT_OFFERED = {"earlier": "Earlier study: choose one of the offered values."}


@pytest.fixture
def compared(cast: Cast, tmp_path: Path) -> Compared:
    return start_comparing(cast, tmp_path)


def pick(compared: Compared, cast: Cast, study: str) -> None:
    complete_user_task(compared.task, actor=cast.rosa, outcome="compare", data={"earlier": study})


def refusal_of(compared: Compared, cast: Cast, study: str) -> dict[str, str]:
    with pytest.raises(InvalidInput) as refusal:
        pick(compared, cast, study)
    return dict(refusal.value.fields)


def test_the_form_offers_the_patients_studies_the_cases_own_first(cast: Cast, compared: Compared) -> None:
    (field,) = form_view(compared.task, person=cast.rosa).outcomes[0].fields

    assert field.widget == "study"
    assert [uid for uid, _label in field.choices] == [compared.own, compared.earlier]


def test_the_study_picked_is_in_the_data_of_the_case(cast: Cast, compared: Compared) -> None:
    pick(compared, cast, compared.earlier)

    assert data_of(compared.case)["Look"] == {"outcome": "compare", "earlier": compared.earlier}


def test_a_study_of_another_patient_is_refused_though_the_person_may_see_it(
    cast: Cast, compared: Compared
) -> None:
    assert visible_studies(cast.rosa).filter(study_instance_uid=compared.of_somebody_else).exists()

    assert refusal_of(compared, cast, compared.of_somebody_else) == NOT_OFFERED
    assert refusal_of(compared, cast, "1.2.3.no.such") == NOT_OFFERED
    assert UserTask.objects.get().status == "ready"
    assert "Look" not in data_of(compared.case)


def test_a_study_of_the_patient_that_the_person_may_no_longer_see_is_refused(
    cast: Cast, compared: Compared
) -> None:
    revoke_grants(cause="test")

    assert Study.objects.filter(study_instance_uid=compared.earlier).exists()
    assert refusal_of(compared, cast, compared.earlier) == NOT_OFFERED
