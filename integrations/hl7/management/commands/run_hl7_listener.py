"""Serve HL7 v2 by MLLP until SIGTERM."""

from __future__ import annotations

import asyncio
import json
import signal
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db import close_old_connections

from integrations.hl7 import dispatch
from integrations.hl7.listener import Application, Listener


class Command(BaseCommand):
    help = "Serve HL7 v2 by MLLP. SIGTERM answers what is in hand and ends."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default=settings.HL7_HOST)
        parser.add_argument("--port", type=int, default=settings.HL7_PORT)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            asyncio.run(serve(options["host"], options["port"]))
        except OSError as error:
            self.stderr.write(f"Cannot listen on {options['host']}:{options['port']}: {error.strerror}.")
            raise SystemExit(1) from None


def receive(data: bytes) -> bytes:
    """Deal with one message on a connection to the database that works."""
    close_old_connections()
    return dispatch.receive(data)


def note_broken_frame(data: bytes, is_too_large: bool) -> bytes:
    """Keep what arrived of a message."""
    close_old_connections()
    return dispatch.note_broken_frame(data, is_too_large=is_too_large)


async def serve(host: str, port: int) -> None:
    """Listen, say so, and stop in good order when told to."""
    listener = Listener(
        Application(
            receive=receive,
            note_broken_frame=note_broken_frame,
        ),
        workers=settings.HL7_WORKERS,
    )
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    bound = await listener.start(host, port)
    print(json.dumps({"event": "ready", "service": "hl7", "host": host, "port": bound}), flush=True)
    await stopping.wait()
    await listener.stop()
