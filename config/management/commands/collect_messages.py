from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from config.messages import untranslated, update_catalog


class Command(BaseCommand):
    help = "Bring config/locale up to date with the texts in code, templates and diagrams."

    def handle(self, *args: Any, **options: Any) -> None:
        new, gone = update_catalog(settings.BASE_DIR, "zh_Hans")
        missing = untranslated(settings.BASE_DIR, "zh_Hans")
        self.stdout.write(f"{new} new, {gone} gone, {len(missing)} to translate")
