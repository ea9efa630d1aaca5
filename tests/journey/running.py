"""The whole product as processes, and what a test needs to do to it from outside."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from config.demo.addresses import Addresses
from config.demo.portal import PortalClient
from config.demo.region import PASSWORD
from config.demo.waiting import wait_for
from launcher import frontend, region, setup
from launcher.paths import DIST
from launcher.product import Product
from launcher.throwaway import product_without_daemons

# Shorter patience than in a hospital: a test need not wait out what it can provoke.
IMPATIENT = {"DICOM_QUIET_SECONDS": "4", "COMPUTE_LEASE_SECONDS": "5", "GPU_WORKERS": "0"}


@dataclass(frozen=True)
class RunningProduct:
    """A demo region with every daemon serving, on ports of its own."""

    product: Product
    addresses: Addresses

    def person(self, username: str) -> PortalClient:
        return PortalClient(self.addresses.portal, username, PASSWORD)

    def daemon(self, name: str) -> dict[str, Any]:
        """What the supervisor says of a daemon."""
        facts: dict[str, Any] = self.product.status()["daemons"][name]
        return facts

    def signal(self, name: str, number: signal.Signals) -> int:
        """Signal a daemon and all its processes; how often it had been restarted before."""
        facts = self.daemon(name)
        os.killpg(facts["pid"], number)
        return int(facts["restarts"])

    def kill(self, name: str) -> int:
        """`kill -9`; how often it had been restarted before."""
        return self.signal(name, signal.SIGKILL)

    def has_connection_from(self, name: str, port: int) -> bool:
        """Whether one of a daemon's processes holds the local end of a TCP connection at this port."""
        group = self.daemon(name)["pid"]
        sockets = {f"socket:[{inode}]" for inode in _inodes_at(port)}
        return any(
            sockets & _open_files(folder) and os.getpgid(int(folder.name)) == group
            for folder in Path("/proc").glob("[0-9]*")
        )

    def database(self) -> psycopg.Connection[Any]:
        """A connection to the product's own database, to hold a lock as another client would."""
        url = json.loads(self.product.var.services.read_text())["DATABASE_URL"]
        return psycopg.connect(url)

    def await_restart(self, name: str, *, restarts: int) -> None:
        """Return once the supervisor has the daemon serving again."""
        wait_for(
            lambda: self.daemon(name)["restarts"] > restarts and self.daemon(name)["ready"],
            within_s=90,
            otherwise=f"{name} was not started again",
        )


def _inodes_at(port: int) -> list[str]:
    """The sockets whose local port this is (proc(5), /proc/net/tcp)."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return [row[9] for row in rows if int(row[1].rpartition(":")[2], 16) == port]


def _open_files(process: Path) -> set[str]:
    try:
        return {str(descriptor.readlink()) for descriptor in (process / "fd").iterdir()}
    except OSError:  # it has ended meanwhile
        return set()


@contextmanager
def running_product() -> Iterator[RunningProduct]:
    """PostgreSQL, Valkey, a demo region and every daemon in a folder that is gone afterwards."""
    if not DIST.is_dir():
        frontend.ensure_assets()
    frontend.ensure_translations()
    frontend.ensure_static()
    before = dict(os.environ)
    os.environ.update(IMPATIENT)
    try:
        with product_without_daemons(is_durable=False) as product:
            setup.prepare_database(product)
            region.prepare_region(product, is_empty=False)
            with product.running():
                ports = product.ports
                yield RunningProduct(
                    product,
                    Addresses(
                        http_port=ports["HTTP_PORT"],
                        dicom_port=ports["DICOM_PORT"],
                        hl7_port=ports["HL7_PORT"],
                        emr_folder=product.var.folder / "emr",
                    ),
                )
    finally:
        os.environ.clear()
        os.environ.update(before)
