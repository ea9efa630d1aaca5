"""Let a person join, or give one who is there a role at one more hospital."""

from __future__ import annotations

import getpass
import os
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from accounts.actors import SystemActor
from accounts.enrolment import add_person, find_site, give_role
from accounts.models import Person, Role
from common.errors import ServiceError

ACTOR = SystemActor("command")
PASSWORD = "CONSILIUM_PERSON_PASSWORD"  # noqa: S105 - the name of the variable that holds it


class Command(BaseCommand):
    """The first password comes from the prompt or from CONSILIUM_PERSON_PASSWORD, never from the command line,
    which other users of the machine can read."""

    help = "Make an account if there is none, and give it a role at a hospital."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--role", required=True, choices=Role.values)
        parser.add_argument("--site", required=True, help="code of the hospital")
        parser.add_argument("--name", default="", help="the name colleagues see")
        parser.add_argument("--title", default="")

    def handle(self, *args: Any, **options: Any) -> None:
        username, role = options["username"], Role(options["role"])
        try:
            with transaction.atomic():
                site = find_site(options["site"])
                person = Person.objects.filter(username=username).first() or add_person(
                    username=username,
                    display_name=options["name"] or username,
                    title=options["title"],
                    password=self._password(),
                    actor=ACTOR,
                )
                give_role(person, role=role, site=site, actor=ACTOR)
        except ServiceError as error:
            raise CommandError(error.message) from None
        self.stdout.write(f"{username} is {role.value} at {site.code}.")

    def _password(self) -> str:
        said = os.environ.get(PASSWORD, "")
        if said:
            return said
        if not sys.stdin.isatty():
            raise CommandError(f"There is nobody to ask here: set {PASSWORD} in the environment.")
        password = getpass.getpass("First password: ")
        if getpass.getpass("The same once more: ") != password:
            raise CommandError("The two passwords differ. Run the same command again.")
        return password
