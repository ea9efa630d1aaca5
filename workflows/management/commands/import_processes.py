"""`import_processes`: makes the processes of `bpmn/`, or of the folders named, the active versions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from common.errors import InvalidInput
from workflows.calling.pinning import callees_first
from workflows.checks import bundle_folders
from workflows.deployment.bundles import current_remarks, import_bundle


class Command(BaseCommand):
    requires_system_checks: list[str] = []
    help = "Import process bundles. A bundle that is in already is left as it is."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folders", nargs="*", type=Path, help="bundle folders; default: all of bpmn/")

    def handle(self, *args: Any, folders: list[Path], **options: Any) -> None:
        for folder in callees_first(folders or bundle_folders(Path(settings.BASE_DIR) / "bpmn")):
            try:
                definition = import_bundle(folder)
            except InvalidInput as refusal:
                lines = [f"  {where}: {why}" for where, why in refusal.fields.items()]
                raise CommandError("\n".join([f"{folder.name} is refused:", *lines])) from refusal
            self.stdout.write(f"{definition.key} version {definition.version}")
            for remark in current_remarks(definition):
                self.stdout.write(f"  {remark['element']}: {remark['message']}")
