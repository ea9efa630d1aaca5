"""Which earlier study is hung beside the one that is opened."""

from __future__ import annotations

import pytest

from archive.studies.models import Study
from portal.diagnostic.priors import prior_beside
from tests.personas import Cast
from tests.portal.stored_images import store_ct

pytestmark = pytest.mark.django_db


def study(cast: Cast, number: int, date: str, **elements: object) -> Study:
    store_ct(
        cast.county, study=f"1.2.{number}", series=f"1.2.{number}.1", slices=2, StudyDate=date, **elements
    )
    return Study.objects.get(study_instance_uid=f"1.2.{number}")


def test_the_same_body_part_goes_before_a_later_date(cast: Cast):
    current = study(cast, 1, "20260301", BodyPartExamined="CHEST")
    chest = study(cast, 2, "20240301", BodyPartExamined="CHEST")
    study(cast, 3, "20250301", BodyPartExamined="KNEE")

    assert prior_beside(cast.theo, current) == chest


def test_of_equals_the_latest_is_taken_and_never_a_later_study(cast: Cast):
    current = study(cast, 1, "20260301")
    study(cast, 2, "20240301")
    latest = study(cast, 3, "20250301")
    study(cast, 4, "20260401")

    assert prior_beside(cast.theo, current) == latest


def test_a_study_of_another_modality_or_another_patient_is_not_hung(cast: Cast):
    current = study(cast, 1, "20260301")
    study(cast, 2, "20250301", Modality="MR")
    study(cast, 3, "20250301", PatientID="C-2", PatientName="Li^Na")

    assert prior_beside(cast.theo, current) is None


def test_a_localizer_alone_is_no_prior(cast: Cast):
    current = study(cast, 1, "20260301")
    study(cast, 2, "20250301", ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])

    assert prior_beside(cast.theo, current) is None


def test_the_choice_takes_two_statements_however_many_priors(cast: Cast, django_assert_num_queries):
    current = study(cast, 1, "20260301")
    for number in range(2, 7):
        study(cast, number, f"202{number - 2}0301")

    with django_assert_num_queries(2):
        prior_beside(cast.theo, current)
