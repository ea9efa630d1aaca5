"""How hospitals and people join a region, by the commands an operator has."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from accounts.models import AuditEvent, Membership, Person, Role, Site
from accounts.privileges import Privilege, has_privilege
from tests.personas import Cast


@pytest.fixture(autouse=True)
def _password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONSILIUM_PERSON_PASSWORD", "a-Word-for-the-first-day")


def test_a_hospital_joins_and_sends_its_consultations_to_another(cast: Cast) -> None:
    call_command("add_site", "hill", "--name", "Hill Hospital", "--experts", "provincial")

    site = Site.objects.get(code="hill")
    assert (site.expert_site, site.authority_namespace, site.kind) == (cast.provincial, "HILL", "county")
    assert AuditEvent.objects.filter(action="site.created", object_uid="hill").exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["county", "--name", "Again"], "with this code or namespace already"),
        (["other", "--name", "Other", "--namespace", "COUNTY"], "with this code or namespace already"),
        (["two words", "--name", "Other"], "letters, digits and - only"),
        (["other", "--name", "Other", "--experts", "nowhere"], "no hospital with this code"),
    ],
)
def test_what_cannot_be_a_hospital_is_refused_in_a_sentence(
    cast: Cast, arguments: list[str], sentence: str
) -> None:
    with pytest.raises(CommandError, match=sentence):
        call_command("add_site", *arguments)

    assert Site.objects.count() == 3


def test_a_person_joins_with_a_role_and_may_do_what_it_grants(cast: Cast) -> None:
    call_command("add_person", "mei", "--name", "Mei Zhao", "--role", "radiologist", "--site", "provincial")

    mei = Person.objects.get(username="mei")
    assert mei.check_password("a-Word-for-the-first-day")
    assert has_privilege(mei, Privilege.REPORT)
    assert set(AuditEvent.objects.values_list("action", flat=True)) >= {"person.created", "role.given"}


def test_a_second_role_is_added_to_the_same_account_once(cast: Cast) -> None:
    for _ in range(2):
        call_command("add_person", "rosa", "--role", "coordinator", "--site", "provincial")

    assert Person.objects.filter(username="rosa").count() == 1
    assert Membership.objects.filter(person=cast.rosa, role=Role.COORDINATOR).count() == 1
    assert AuditEvent.objects.filter(action="role.given").count() == 1


def test_a_weak_password_makes_no_account(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONSILIUM_PERSON_PASSWORD", "short")

    with pytest.raises(CommandError, match="too short"):
        call_command("add_person", "mei", "--role", "referrer", "--site", "county")

    assert not Person.objects.filter(username="mei").exists()
