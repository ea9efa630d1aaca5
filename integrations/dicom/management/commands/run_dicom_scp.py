"""`manage.py run_dicom_scp`: the DICOM listener."""

from __future__ import annotations

import errno
import json
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from integrations.dicom.scp.processes import ListenerProcesses


class Command(BaseCommand):
    help = "Serve C-ECHO, C-STORE and the modality worklist. SIGTERM finishes the work in hand."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default=settings.DICOM_HOST)
        parser.add_argument("--port", type=int, default=settings.DICOM_PORT)
        parser.add_argument("--secure-port", type=int, default=settings.DICOM_TLS_PORT)
        parser.add_argument("--processes", type=int, default=settings.DICOM_PROCESSES)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            listener = ListenerProcesses(
                host=options["host"],
                port=options["port"],
                ae_title=settings.DICOM_AE_TITLE,
                count=options["processes"],
                secure_port=options["secure_port"],
            )
        except OSError as error:
            code = errno.errorcode.get(error.errno or 0, "")
            raise CommandError(f"Cannot listen on port {options['port']}: {code}") from error
        sys.exit(listener.run(on_ready=self._tell_ready))

    def _tell_ready(self, port: int) -> None:
        self.stdout.write(json.dumps({"event": "ready", "daemon": "run_dicom_scp", "port": port}))
        self.stdout.flush()
