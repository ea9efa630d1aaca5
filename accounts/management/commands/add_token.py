"""Make an access token for a program that acts as a person."""

from __future__ import annotations

import datetime as dt
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import Person
from accounts.tokens import issue_token
from common.errors import ServiceError


class Command(BaseCommand):
    """The token is the only line of the output: it can go straight into the file of a secret."""

    help = "Make an access token for a program that acts as a person, and print it once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--label", required=True, help="what the token is for")
        parser.add_argument("--days", type=int, default=365, help="how long it lasts")

    def handle(self, *args: Any, **options: Any) -> None:
        person = Person.objects.filter(username=options["username"], is_active=True).first()
        if person is None:
            raise CommandError("There is no account of this name.")
        try:
            lasts = dt.timedelta(days=min(options["days"], 100_000))
            _token, secret = issue_token(person, label=options["label"], lasts=lasts)
        except ServiceError as error:
            raise CommandError(error.message) from None
        self.stdout.write(secret)
