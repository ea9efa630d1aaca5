"""Leave to see a study that follows a case, to a person or to a role at a site."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from accounts.actors import SystemActor
from accounts.models import AccessGrant, Person, Role
from accounts.privileges import granted_studies
from accounts.services import grant_studies, revoke_grants
from common import clock
from tests.personas import Cast

CASE = "case:0001"
STUDY = "2.25.11"


def reached(person: Person) -> list[str]:
    return sorted(granted_studies(person).values_list("study_instance_uid", flat=True))


def test_a_grant_to_a_person_reaches_that_person_only(cast: Cast) -> None:
    grant_studies([STUDY], cause=CASE, person=cast.rosa)

    assert reached(cast.rosa) == [STUDY]
    assert reached(cast.carla) == []
    assert reached(cast.otto) == []


def test_a_grant_to_a_role_reaches_who_holds_it_at_that_site(cast: Cast) -> None:
    grant_studies([STUDY], cause=CASE, site=cast.provincial, role=Role.RADIOLOGIST)

    assert reached(cast.rosa) == [STUDY]
    assert reached(cast.carla) == []
    assert reached(cast.otto) == []  # a radiologist, but of another hospital


def test_granting_twice_is_granting_once(cast: Cast) -> None:
    for _ in range(2):
        grant_studies([STUDY], cause=CASE, person=cast.rosa)
        grant_studies([STUDY], cause=CASE, site=cast.provincial, role=Role.RADIOLOGIST)

    assert AccessGrant.objects.count() == 2


def test_the_end_of_a_case_takes_back_what_was_given_for_it_and_nothing_else(cast: Cast) -> None:
    grant_studies([STUDY], cause=CASE, person=cast.rosa)
    grant_studies([STUDY], cause=CASE, site=cast.provincial, role=Role.COORDINATOR)
    grant_studies(["2.25.12"], cause="case:0002", person=cast.rosa)

    assert revoke_grants(cause=CASE) == 2

    assert reached(cast.rosa) == ["2.25.12"]
    assert reached(cast.carla) == []
    assert AccessGrant.objects.filter(cause=CASE, revoked_at=None).count() == 0
    assert AccessGrant.objects.count() == 3  # who could see what, and when, stays on record


def test_a_grant_can_be_taken_from_one_person(cast: Cast) -> None:
    grant_studies([STUDY], cause=CASE, person=cast.rosa)
    grant_studies([STUDY], cause=CASE, person=cast.carla)

    revoke_grants(cause=CASE, person=cast.rosa)

    assert (reached(cast.rosa), reached(cast.carla)) == ([], [STUDY])


def test_what_was_taken_back_can_be_given_again(cast: Cast) -> None:
    grant_studies([STUDY], cause=CASE, person=cast.rosa)
    revoke_grants(cause=CASE)
    grant_studies([STUDY], cause=CASE, person=cast.rosa)

    assert reached(cast.rosa) == [STUDY]


def test_an_account_out_of_use_is_reached_by_no_grant(cast: Cast) -> None:
    grant_studies([STUDY], cause=CASE, person=cast.rosa)
    cast.rosa.is_active = False
    cast.rosa.save()

    assert reached(cast.rosa) == []


def test_the_system_needs_no_grants(cast: Cast) -> None:
    grant_studies([STUDY], cause=CASE, person=cast.rosa)

    assert not granted_studies(SystemActor("workflow")).exists()


@pytest.mark.parametrize("holder", ["nobody", "both"])
def test_a_grant_names_a_person_or_a_role_and_never_both(cast: Cast, holder: str) -> None:
    whom = {} if holder == "nobody" else {"person": cast.rosa, "site": cast.provincial, "role": "referrer"}
    with pytest.raises(IntegrityError), transaction.atomic():
        AccessGrant.objects.create(study_instance_uid=STUDY, cause=CASE, granted_at=clock.now(), **whom)
