"""The embedded servers of a var folder: started together, written down for the settings, stopped together."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from launcher.embedded.owner import Owner, server_home, server_owner
from launcher.embedded.postgres import Postgres
from launcher.embedded.valkey import Valkey
from launcher.paths import VENV
from launcher.ports import free_port, is_free
from launcher.steps import say, step
from launcher.var import Var

EXTERNAL = {"postgres": "DATABASE_URL", "valkey": "REDIS_URL"}
_ATTEMPTS = 3


@dataclass
class Services:
    """What runs embedded; a server that the environment names is somebody else's and not started here."""

    postgres: Postgres | None = None
    valkey: Valkey | None = None
    known: dict[str, str] = field(default_factory=dict)

    def revive(self) -> list[str]:
        """Start again what died; the names of what was."""
        revived = []
        for name, server in (("PostgreSQL", self.postgres), ("Valkey", self.valkey)):
            if server is not None and server.process is not None and server.process.poll() is not None:
                server.start(server.port)
                revived.append(name)
        return revived


@contextmanager
def embedded_services(var: Var, *, is_durable: bool = True) -> Iterator[Services]:
    """PostgreSQL and Valkey, serving; stopped in the reverse order at the end."""
    is_needed = any(_is_embedded(name, var) for name in EXTERNAL)
    owner = server_owner() if is_needed else Owner()
    home = server_home(var.folder, owner)
    if home != var.folder:
        say(f"  The servers keep their data in {home}: their user cannot enter {var.folder}.")
    known = _read(var.services)
    services = Services(known=known)
    known.setdefault("SECRET_KEY", secrets.token_urlsafe(50))
    try:
        if _is_embedded("postgres", var):
            services.postgres = _postgres(var, home, owner, known, is_durable=is_durable)
            with step("PostgreSQL"):
                known["DATABASE_URL"] = _start(services.postgres, known.get("DATABASE_URL", ""))
        if _is_embedded("valkey", var):
            services.valkey = _valkey(var, home, owner, known)
            with step("Valkey"):
                known["REDIS_URL"] = _start(services.valkey, known.get("REDIS_URL", ""))
        _write(var.services, known)
        yield services
    finally:
        for server in (services.valkey, services.postgres):
            if server is not None:
                server.stop()
        if var.is_thrown_away and home != var.folder:
            shutil.rmtree(home, ignore_errors=True)


def _is_embedded(name: str, var: Var) -> bool:
    return var.is_thrown_away or not os.environ.get(EXTERNAL[name])


def _postgres(var: Var, home: Path, owner: Owner, known: dict[str, str], *, is_durable: bool) -> Postgres:
    return Postgres(
        folder=_folder(home / "postgres"), packages=_packages(), owner=owner, is_durable=is_durable,
        password=_password(known.get("DATABASE_URL", "")), log=var.logs / "postgres.log",
    )  # fmt: skip


def _valkey(var: Var, home: Path, owner: Owner, known: dict[str, str]) -> Valkey:
    return Valkey(
        folder=_folder(home / "valkey"), packages=_packages(), owner=owner,
        password=_password(known.get("REDIS_URL", "")), log=var.logs / "valkey.log",
    )  # fmt: skip


def _start(server: Postgres | Valkey, known_url: str) -> str:
    """Start where it was found last time, or elsewhere if that port is now another's; its URL."""
    port = urlsplit(known_url).port if known_url else None
    for attempt in range(_ATTEMPTS):
        if port is None or not is_free(port):
            port = free_port()
        try:
            server.start(port)
        except Exception:  # whatever kept it from starting: only a port that another took is tried again
            if attempt + 1 == _ATTEMPTS or is_free(port):
                raise
        else:
            break
    return server.url


def _password(known_url: str) -> str:
    return (urlsplit(known_url).password if known_url else None) or secrets.token_urlsafe(24)


def _packages() -> Path:
    return Path(sysconfig.get_path("purelib", "venv", vars={"base": str(VENV), "platbase": str(VENV)}))


def _folder(path: Path) -> Path:
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path


def _read(services: Path) -> dict[str, str]:
    try:
        known: dict[str, str] = json.loads(services.read_text())
    except FileNotFoundError:
        return {}
    return known


def _write(services: Path, known: dict[str, str]) -> None:
    fresh = services.with_suffix(".new")
    fresh.touch(mode=0o600)
    fresh.chmod(0o600)
    fresh.write_text(json.dumps(known, indent=2))
    fresh.replace(services)
