"""`export_process`: writes a version of a process into a folder, as it was imported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from workflows.deployment.bundles import export_bundle
from workflows.models import ProcessDefinition


class Command(BaseCommand):
    requires_system_checks: list[str] = []
    help = "Write a process bundle to a folder."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("key", help="process id, such as RemoteConsultation")
        parser.add_argument("folder", type=Path)
        parser.add_argument("--process-version", type=int, help="default: the active version")

    def handle(self, *args: Any, key: str, folder: Path, process_version: int | None, **options: Any) -> None:
        wanted = {"version": process_version} if process_version else {"is_active": True}
        definition = ProcessDefinition.objects.filter(key=key, **wanted).first()
        if definition is None:
            raise CommandError(f"There is no such version of {key}")
        for path in export_bundle(definition, folder):
            self.stdout.write(str(path))
