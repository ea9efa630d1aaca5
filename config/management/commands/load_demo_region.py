"""Fill an empty installation with two hospitals, their people and their peers."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from config.demo.region import describe_accounts, load_region


class Command(BaseCommand):
    """Safe to repeat. Prints the accounts, which have a password everybody knows: never for a real region."""

    help = "Load the demo region."

    def handle(self, *args: Any, **options: Any) -> None:
        load_region()
        for line in describe_accounts():
            self.stdout.write(line)
