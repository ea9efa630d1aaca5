"""The cast everyone knows. Two sites of one region, and Otto from a third who has no business here."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.hashers import make_password

from accounts.models import Membership, Person, Role, Site

PASSWORD = "a-long-test-password"


@dataclass(frozen=True)
class Cast:
    """Rosa reads, Theo acquires, Rafael refers, Carla coordinates, Ines administers, Ivo integrates."""

    county: Site
    provincial: Site
    elsewhere: Site
    rosa: Person
    theo: Person
    rafael: Person
    carla: Person
    ines: Person
    ivo: Person
    otto: Person


PARTS = {  # in the order of the cast
    "rosa": ("provincial", Role.RADIOLOGIST),
    "theo": ("county", Role.TECHNOLOGIST),
    "rafael": ("county", Role.REFERRER),
    "carla": ("provincial", Role.COORDINATOR),
    "ines": ("provincial", Role.ADMINISTRATOR),
    "ivo": ("provincial", Role.INTEGRATOR),
    "otto": ("elsewhere", Role.RADIOLOGIST),
}


def make_cast() -> Cast:
    """The three sites and the people, each with the roles their part needs; most tests begin here, so in few words."""
    provincial = Site.objects.create(
        code="provincial", name="Provincial Hospital", name_zh="省立医院", kind="provincial",
        authority_namespace="PROV", authority_universal_id="2.25.1001",
    )  # fmt: skip
    county, elsewhere = Site.objects.bulk_create([
        Site(
            code="county", name="County Hospital", name_zh="县医院", kind="county",
            authority_namespace="COUNTY", authority_universal_id="2.25.1002", expert_site=provincial,
        ),
        Site(
            code="elsewhere", name="Elsewhere Hospital", name_zh="他院", kind="county",
            authority_namespace="ELSE", authority_universal_id="2.25.1003", expert_site=provincial,
        ),
    ])  # fmt: skip
    sites = {"provincial": provincial, "county": county, "elsewhere": elsewhere}
    people = Person.objects.bulk_create(
        Person(username=name, password=make_password(PASSWORD), display_name=name.capitalize())
        for name in PARTS
    )
    Membership.objects.bulk_create(
        Membership(person=person, site=sites[site], role=role)
        for person, (site, role) in zip(people, PARTS.values(), strict=True)
    )
    return Cast(county, provincial, elsewhere, *people)
