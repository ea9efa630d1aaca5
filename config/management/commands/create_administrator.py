"""The first person of a region that starts empty, and the first hospital."""

from __future__ import annotations

import getpass
import os
import sys
from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_slug
from django.db import transaction

from accounts.actors import SystemActor
from accounts.audit import record_audit
from accounts.models import Membership, Person, Role, Site

QUESTIONS = {
    "CONSILIUM_SITE_CODE": ("Short code of your hospital (letters, digits, -)", "hospital"),
    "CONSILIUM_SITE_NAME": ("Name of your hospital", ""),
    "CONSILIUM_ADMIN_USER": ("User name of the administrator", "admin"),
    "CONSILIUM_ADMIN_PASSWORD": ("Password (at least 10 characters)", ""),
}


class Command(BaseCommand):
    """Asks at the prompt what the environment does not say:
    CONSILIUM_ADMIN_USER, CONSILIUM_ADMIN_PASSWORD, CONSILIUM_SITE_CODE, CONSILIUM_SITE_NAME."""

    help = "Create the first administrator and the first site of an empty region."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--if-none", action="store_true", help="do nothing where there is one already")

    def handle(self, *args: Any, **options: Any) -> None:
        if Membership.objects.filter(role=Role.ADMINISTRATOR).exists():
            if options["if_none"]:
                return
            raise CommandError("This region has an administrator already: add others by add_person.")
        code = self._answer("CONSILIUM_SITE_CODE").lower()
        name = self._answer("CONSILIUM_SITE_NAME")
        username = self._answer("CONSILIUM_ADMIN_USER")
        password = self._answer("CONSILIUM_ADMIN_PASSWORD")
        self._check(code, name, username, password)
        with transaction.atomic():
            person = _create(code, name, username, password)
            record_audit(
                SystemActor("set-up", site_code=code),
                "person.created",
                object_kind="person",
                object_uid=str(person.uid),
                role=Role.ADMINISTRATOR.value,
            )
        self.stdout.write(f"{username} may now sign in as administrator of {name}.")

    def _answer(self, name: str) -> str:
        question, usual = QUESTIONS[name]
        said = os.environ.get(name, "").strip()
        if said:
            return said
        if not sys.stdin.isatty():
            if usual:
                return usual
            raise CommandError(f"There is nobody to ask here: set {name} in the environment.")
        if name == "CONSILIUM_ADMIN_PASSWORD":
            return self._ask_password(question)
        return input(f"    {question}{f' [{usual}]' if usual else ''}: ").strip() or usual

    def _ask_password(self, question: str) -> str:
        password = getpass.getpass(f"    {question}: ")
        if getpass.getpass("    The same once more: ") != password:
            raise CommandError("The two passwords differ. Run the same command again.")
        return password

    def _check(self, code: str, name: str, username: str, password: str) -> None:
        try:
            validate_slug(code)
        except ValidationError:
            raise CommandError(f"{code!r} is no site code: letters, digits and - only.") from None
        if not name or not username:
            raise CommandError("The hospital needs a name and the administrator a user name.")
        if Person.objects.filter(username=username).exists():
            raise CommandError(f"There is an account {username} already: choose another user name.")
        try:
            validate_password(password, Person(username=username))
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None


def _create(code: str, name: str, username: str, password: str) -> Person:
    """One person who sees to accounts and to the messages that come and go."""
    site, _ = Site.objects.get_or_create(
        code=code,
        defaults={"name": name, "kind": Site.Kind.PROVINCIAL, "authority_namespace": code.upper()},
    )
    person = Person.objects.create_user(username, password=password, display_name=username)
    for role in (Role.ADMINISTRATOR, Role.INTEGRATOR):
        Membership.objects.create(person=person, site=site, role=role)
    return person
