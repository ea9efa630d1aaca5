"""The cast everyone knows. Two sites of one region, and Otto from a third who has no business here."""

from __future__ import annotations

from dataclasses import dataclass

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


def make_cast() -> Cast:
    """The three sites and the people, each with the roles their part needs."""
    provincial = Site.objects.create(
        code="provincial", name="Provincial Hospital", name_zh="省立医院", kind="provincial",
        authority_namespace="PROV", authority_universal_id="2.25.1001",
    )  # fmt: skip
    county = Site.objects.create(
        code="county", name="County Hospital", name_zh="县医院", kind="county",
        authority_namespace="COUNTY", authority_universal_id="2.25.1002", expert_site=provincial,
    )  # fmt: skip
    elsewhere = Site.objects.create(
        code="elsewhere", name="Elsewhere Hospital", name_zh="他院", kind="county",
        authority_namespace="ELSE", authority_universal_id="2.25.1003", expert_site=provincial,
    )  # fmt: skip

    def person(username: str, site: Site, role: Role) -> Person:
        someone = Person.objects.create_user(username, password=PASSWORD, display_name=username.capitalize())
        Membership.objects.create(person=someone, site=site, role=role)
        return someone

    return Cast(
        county=county,
        provincial=provincial,
        elsewhere=elsewhere,
        rosa=person("rosa", provincial, Role.RADIOLOGIST),
        theo=person("theo", county, Role.TECHNOLOGIST),
        rafael=person("rafael", county, Role.REFERRER),
        carla=person("carla", provincial, Role.COORDINATOR),
        ines=person("ines", provincial, Role.ADMINISTRATOR),
        ivo=person("ivo", provincial, Role.INTEGRATOR),
        otto=person("otto", elsewhere, Role.RADIOLOGIST),
    )
