"""`manage.py make_dicom_certificates`: an authority and certificates for DICOM over TLS in a closed network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from common.errors import ServiceError
from integrations.dicom.nodes.certificates import LIFE, Authority


class Command(BaseCommand):
    help = "Make an authority, our certificate, and one for each node named. What exists is kept."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, help="where the files go; keep it from prying eyes")
        parser.add_argument("--host", action="append", default=[], help="a name or address we listen at")
        parser.add_argument(
            "--node", action="append", default=[], metavar="NAME[=HOST]", help="a peer to make one for"
        )
        parser.add_argument("--replace", action="store_true", help="renew what exists, but for the authority")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            authority = Authority(options["folder"])
            wanted = {"consilium": options["host"] or ["localhost", "127.0.0.1"]}
            for node in options["node"]:
                name, _sign, host = node.partition("=")
                wanted[name] = [host] if host else []
            for name, hosts in wanted.items():
                self._issue(authority, name, hosts, is_renewed=options["replace"])
        except (ServiceError, OSError) as error:
            raise CommandError(str(error)) from error
        self._tell_settings(authority)

    def _issue(self, authority: Authority, name: str, hosts: list[str], *, is_renewed: bool) -> None:
        if (authority.folder / f"{name}.pem").exists() and not is_renewed:
            self.stdout.write(f"{name}: kept")
            return
        issued = authority.issue(name, hosts=hosts, replaces=is_renewed)
        self.stdout.write(
            f"{name}: {issued.certificate}, good for {LIFE.days} days, SHA-256 {issued.fingerprint}"
        )

    def _tell_settings(self, authority: Authority) -> None:
        folder = authority.folder.resolve()
        self.stdout.write(
            f"DICOM_TLS_CERTIFICATE={folder / 'consilium.pem'}\n"
            f"DICOM_TLS_KEY={folder / 'consilium.key'}\n"
            f"DICOM_TLS_CA={folder / 'authority.pem'}"
        )
