"""The first administrator of an empty region, from the environment; asking at the prompt is left to a person."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from accounts.models import AuditEvent, Person, Site
from accounts.privileges import Privilege, has_privilege, sites_where

ANSWERS = {
    "CONSILIUM_ADMIN_USER": "an.administrator",
    "CONSILIUM_ADMIN_PASSWORD": "correct-horse-battery",
    "CONSILIUM_SITE_CODE": "Ganzhou",
    "CONSILIUM_SITE_NAME": "Ganzhou Hospital",
}


@pytest.fixture(autouse=True)
def answers(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ANSWERS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)


def test_the_administrator_keeps_the_first_site(db: None) -> None:
    call_command("create_administrator")

    person = Person.objects.get()
    assert person.check_password("correct-horse-battery")
    assert list(sites_where(person, Privilege.MANAGE_SITE)) == [Site.objects.get(code="ganzhou")]
    assert has_privilege(person, Privilege.VIEW_AUDIT)
    assert not has_privilege(person, Privilege.VIEW_STUDIES)
    assert AuditEvent.objects.get().action == "person.created"


def test_there_are_no_demo_accounts_in_it(db: None) -> None:
    call_command("create_administrator")

    assert list(Person.objects.values_list("username", flat=True)) == ["an.administrator"]


def test_a_region_that_has_an_administrator_gets_no_other_by_the_back_door(db: None) -> None:
    call_command("create_administrator")

    with pytest.raises(CommandError, match="has an administrator already"):
        call_command("create_administrator")


def test_a_set_up_that_was_interrupted_goes_on_with_the_administrator_there_is(db: None) -> None:
    call_command("create_administrator")

    call_command("create_administrator", "--if-none")

    assert Person.objects.count() == 1


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("CONSILIUM_ADMIN_PASSWORD", "short", "too short"),
        ("CONSILIUM_ADMIN_PASSWORD", "password1234", "too common"),
        ("CONSILIUM_ADMIN_PASSWORD", "", "set CONSILIUM_ADMIN_PASSWORD"),
        ("CONSILIUM_SITE_CODE", "two words", "no site code"),
        ("CONSILIUM_SITE_NAME", "", "set CONSILIUM_SITE_NAME"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence_and_leaves_nothing(
    db: None, monkeypatch: pytest.MonkeyPatch, name: str, value: str, sentence: str
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(CommandError, match=sentence):
        call_command("create_administrator")

    assert not Person.objects.exists()
    assert not Site.objects.exists()
