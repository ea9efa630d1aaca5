"""How far people see, said as values, is how far they see."""

from __future__ import annotations

import pytest
from django.db import connection

from accounts.models import Person, Role
from accounts.privileges import granted_studies
from accounts.services import grant_studies, revoke_grants
from archive.studies import reach
from archive.studies.models import Study
from archive.studies.reach import scope_for
from archive.studies.selectors import visible_studies
from common import clock
from tests.archive.studies.indexed import add_patient, add_study
from tests.personas import Cast

CASE = "case:0001"


@pytest.fixture
def studies(cast: Cast) -> list[str]:
    """Three studies of the county hospital, one of the provincial one."""
    patient = add_patient(cast.county, "Smith", "John", "P1")
    sites = [cast.county, cast.county, cast.county, cast.provincial]
    for number, site in enumerate(sites, 1):
        add_study(site, patient, number)
    return list(Study.objects.order_by("pk").values_list("study_instance_uid", flat=True))


def seen(person: Person) -> list[str]:
    scope = scope_for(person)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT s.study_instance_uid FROM ({scope.sql}) s ORDER BY s.id", scope.parameters)  # noqa: S608
        return [row[0] for row in cursor.fetchall()]


def may_see(person: Person) -> list[str]:
    """By Django's own words, the person's roles read beforehand."""
    sites = [
        held.site_id
        for held in person.memberships.all()
        if person.is_active
        and held.role in {Role.REFERRER, Role.RADIOLOGIST, Role.TECHNOLOGIST, Role.COORDINATOR}
    ]
    granted = list(granted_studies(person).values_list("study_instance_uid", flat=True))
    every = Study.objects.order_by("pk")
    return [
        one.study_instance_uid for one in every if one.site_id in sites or one.study_instance_uid in granted
    ]


@pytest.mark.parametrize("most_named", [200, 1, 0], ids=["named", "more than are named", "none is named"])
def test_everybody_sees_their_sites_and_what_is_granted_to_them(
    cast: Cast, studies: list[str], monkeypatch: pytest.MonkeyPatch, most_named: int
) -> None:
    monkeypatch.setattr(reach, "MOST_NAMED", most_named)
    people = [cast.rosa, cast.theo, cast.rafael, cast.carla, cast.ines, cast.ivo, cast.otto]
    grant_studies(studies[:2], cause=CASE, person=cast.otto)
    grant_studies(studies[1:3], cause=CASE, site=cast.provincial, role=Role.RADIOLOGIST)

    for person in people:
        assert seen(person) == may_see(person), person
        assert list(
            visible_studies(person).order_by("pk").values_list("study_instance_uid", flat=True)
        ) == seen(person)
    assert seen(cast.otto) == studies[:2]
    assert seen(cast.rosa) == studies[1:]
    assert seen(cast.ivo) == []


def test_what_is_taken_back_is_gone_at_once(cast: Cast, studies: list[str]) -> None:
    grant_studies(studies[:1], cause=CASE, person=cast.otto)
    assert seen(cast.otto) == studies[:1]

    revoke_grants(cause=CASE)
    assert seen(cast.otto) == []

    cast.theo.memberships.all().delete()
    assert seen(cast.theo) == []


def test_who_is_shut_out_sees_nothing(cast: Cast, studies: list[str]) -> None:
    grant_studies(studies[:1], cause=CASE, person=cast.theo)
    cast.theo.is_active = False
    cast.theo.save()

    assert seen(cast.theo) == may_see(cast.theo) == []


def test_withdrawn_studies_are_seen_by_nobody(cast: Cast, studies: list[str]) -> None:
    Study.objects.filter(study_instance_uid=studies[0]).update(withdrawn_at=clock.now())

    assert seen(cast.theo) == studies[1:3]
