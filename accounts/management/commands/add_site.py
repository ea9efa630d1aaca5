"""Let a hospital join the region."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.actors import SystemActor
from accounts.enrolment import add_site, find_site
from accounts.models import Site
from common.errors import ServiceError


class Command(BaseCommand):
    help = "Add a hospital to the region."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("code", help="short code: letters, digits, -")
        parser.add_argument("--name", required=True)
        parser.add_argument("--name-zh", default="", help="its name in Chinese")
        parser.add_argument("--kind", choices=Site.Kind.values, default=Site.Kind.COUNTY.value)
        parser.add_argument("--namespace", default="", help="assigning authority of its patient identifiers")
        parser.add_argument("--universal-id", default="", help="OID of that authority")
        parser.add_argument("--experts", default="", help="code of the hospital its consultations go to")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            site = add_site(
                code=options["code"],
                name=options["name"],
                name_zh=options["name_zh"],
                kind=Site.Kind(options["kind"]),
                authority_namespace=options["namespace"],
                authority_universal_id=options["universal_id"],
                expert_site=find_site(options["experts"]) if options["experts"] else None,
                actor=SystemActor("command"),
            )
        except ServiceError as error:
            raise CommandError(error.message) from None
        self.stdout.write(f"{site.code} is a hospital of this region.")
