"""Run every daemon of this machine and keep it running."""

from __future__ import annotations

import errno
import socket
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from config.supervision import caddyfile
from config.supervision.daemons import listening_socket, product_daemons
from config.supervision.supervisor import Supervisor


class Command(BaseCommand):
    """Supervises until SIGTERM or Ctrl-C; logs are in var/log, the state of things in var/run/daemons.json."""

    help = "Run and supervise every daemon of this machine."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        for name, host, port in public_addresses():
            require_free(name, host, port)
        web, live = listening_socket(), listening_socket()
        door = caddyfile.Door(
            host=settings.HTTP_HOST,
            port=settings.HTTP_PORT,
            web_port=web.getsockname()[1],
            live_port=live.getsockname()[1],
            static_root=settings.STATIC_ROOT,
            folder=settings.VAR_DIR / "run",
        )
        daemons = product_daemons(caddyfile=caddyfile.write(door), web=web, live=live)
        ports = {name: port for name, _, port in public_addresses()}
        Supervisor(daemons, var=settings.VAR_DIR, ports=ports).run()


def public_addresses() -> list[tuple[str, str, int]]:
    """The setting that names each port, with its address."""
    return [
        ("HTTP_PORT", settings.HTTP_HOST, settings.HTTP_PORT),
        ("DICOM_PORT", settings.DICOM_HOST, settings.DICOM_PORT),
        ("HL7_PORT", settings.HL7_HOST, settings.HL7_PORT),
    ]


def require_free(name: str, host: str, port: int) -> None:
    """Raises  CommandError that names the setting to change."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise CommandError(
                    f"Port {port} on {host} is taken: stop what uses it or set {name}."
                ) from None
            raise CommandError(f"{name}: cannot listen on {host}:{port} ({error.strerror}).") from None
