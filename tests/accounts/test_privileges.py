"""Each privilege: where somebody holds it, and that Otto, from another hospital, does not."""

from __future__ import annotations

import pytest

from accounts.actors import SystemActor
from accounts.models import Membership, Role
from accounts.privileges import Privilege, has_privilege, sites_where
from accounts.selectors import people_with_role
from tests.personas import Cast

HOLDERS = [
    (Privilege.VIEW_STUDIES, "rafael", "county"),
    (Privilege.VIEW_STUDIES, "theo", "county"),
    (Privilege.VIEW_ORDERS, "theo", "county"),
    (Privilege.VIEW_CASES, "carla", "provincial"),
    (Privilege.OPERATE_CASES, "carla", "provincial"),
    (Privilege.VIEW_MESSAGES, "ivo", "provincial"),
    (Privilege.VIEW_AUDIT, "ines", "provincial"),
    (Privilege.REPORT, "rosa", "provincial"),
    (Privilege.MANAGE_SITE, "ines", "provincial"),
]


def codes(actor: object, privilege: Privilege) -> set[str]:
    return set(sites_where(actor, privilege).values_list("code", flat=True))  # type: ignore[arg-type]


@pytest.mark.parametrize(("privilege", "name", "site"), HOLDERS)
def test_who_holds_a_privilege_holds_it_at_their_site_only(
    cast: Cast, privilege: Privilege, name: str, site: str
) -> None:
    assert codes(getattr(cast, name), privilege) == {site}


@pytest.mark.parametrize("privilege", list(Privilege))
def test_otto_holds_nothing_here(cast: Cast, privilege: Privilege) -> None:
    assert codes(cast.otto, privilege) <= {"elsewhere"}


@pytest.mark.parametrize(
    ("name", "privilege"),
    [
        ("theo", Privilege.REPORT),
        ("rafael", Privilege.REPORT),
        ("carla", Privilege.REPORT),
        ("rosa", Privilege.OPERATE_CASES),
        ("rosa", Privilege.VIEW_AUDIT),
        ("rosa", Privilege.VIEW_MESSAGES),
        ("ines", Privilege.VIEW_STUDIES),
        ("ivo", Privilege.VIEW_STUDIES),
        ("theo", Privilege.DESIGN_PROCESSES),
    ],
)
def test_a_role_does_not_bring_what_it_does_not_need(cast: Cast, name: str, privilege: Privilege) -> None:
    assert not has_privilege(getattr(cast, name), privilege)


def test_a_designer_designs(cast: Cast) -> None:
    Membership.objects.create(person=cast.ivo, site=cast.provincial, role=Role.DESIGNER)

    assert codes(cast.ivo, Privilege.DESIGN_PROCESSES) == {"provincial"}


def test_an_account_out_of_use_holds_nothing(cast: Cast) -> None:
    cast.rosa.is_active = False
    cast.rosa.save()

    assert not has_privilege(cast.rosa, Privilege.REPORT)
    assert cast.rosa not in people_with_role(cast.provincial, Role.RADIOLOGIST)


def test_the_system_itself_works_at_every_site(cast: Cast) -> None:
    assert codes(SystemActor("workflow"), Privilege.VIEW_STUDIES) == {"county", "provincial", "elsewhere"}


def test_people_are_found_by_the_role_they_hold_at_a_site(cast: Cast) -> None:
    assert list(people_with_role(cast.provincial, Role.RADIOLOGIST)) == [cast.rosa]
    assert list(people_with_role(cast.county, Role.RADIOLOGIST)) == []
