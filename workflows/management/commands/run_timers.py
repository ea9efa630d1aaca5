"""`run_timers`: performs the periodic duties that packages registered. Several may run side by side."""

from __future__ import annotations

import signal
import threading
from typing import Any

import structlog
from django.core.management.base import BaseCommand, CommandParser
from django.db import close_old_connections, connection

from common import clock
from events.duties import perform_all, perform_due

log = structlog.get_logger(__name__)

TICK_S = 0.25


class Command(BaseCommand):
    requires_system_checks: list[str] = []
    help = (
        "Fire due timers, deliver what no nudge delivered, look for lost work. SIGTERM ends after the duty."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="perform every duty once and end")

    def handle(self, *args: Any, once: bool, **options: Any) -> None:
        if once:
            self.stdout.write(", ".join(f"{name}: {count}" for name, count in perform_all().items()))
            return
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        log.info("ready", daemon="run_timers", tick_s=TICK_S)
        punctual = threading.Thread(target=_perform_punctual, args=(stop,), name="punctual")
        punctual.start()
        _perform(stop, is_punctual=False)
        punctual.join()
        log.info("stopped", daemon="run_timers")


def _perform_punctual(stop: threading.Event) -> None:
    try:
        _perform(stop, is_punctual=True)
    finally:
        connection.close()


def _perform(stop: threading.Event, *, is_punctual: bool) -> None:
    """Perform duties until told to stop; where that fails, the other thread stops too, and the daemon ends."""
    try:
        while not stop.is_set():
            close_old_connections()
            perform_due(clock.now(), is_punctual=is_punctual, stopped=stop.is_set)
            stop.wait(TICK_S)
    finally:
        stop.set()
