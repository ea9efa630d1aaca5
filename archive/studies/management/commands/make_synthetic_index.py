"""`manage.py make_synthetic_index`: an index as large as one likes, to measure what size costs."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import Site
from archive.studies.synthetic import make_synthetic_studies, remove_synthetic_studies


class Command(BaseCommand):
    help = "Fill the index with synthetic studies (rows without bytes), or remove them again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--studies", type=int, default=0, help="how many there shall be")
        parser.add_argument("--instances", type=int, default=1, help="instances in each of the new ones")
        parser.add_argument("--site", default="", help="the code of the site that owns them")
        parser.add_argument("--remove", action="store_true", help="remove all synthetic studies")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["remove"]:
            self.stdout.write(f"{remove_synthetic_studies()} studies removed")
            return
        site = Site.objects.filter(code=options["site"]).first() if options["site"] else Site.objects.first()
        if site is None:
            raise CommandError("There is no such site")
        made = make_synthetic_studies(options["studies"], site=site, instances=options["instances"])
        self.stdout.write(f"{made} studies made")
