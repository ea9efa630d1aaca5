"""The decoder's process: takes a task, answers it, takes the next; ends when the one who asks has gone.

python -m archive.pixels.process FD
"""

from __future__ import annotations

import contextlib
import resource
import signal
import socket
import sys
from pathlib import Path
from typing import Any

import structlog
from django.conf import settings

from archive.deidentification.pixel_tasks import CLEANING
from archive.pixels.mapping import mapped
from archive.pixels.messages import Ended, receive, send
from archive.pixels.work import TASKS, GivenObject
from common.errors import ServiceError

MOST_MEMORY = 6 << 30
_TASKS = {**TASKS, **CLEANING}
log = structlog.get_logger(__name__)


def answered(head: dict[str, Any], body: bytes) -> tuple[dict[str, Any], bytes]:
    """The task's answer, or why there is none: whatever a decoder raises is the object's fault."""
    try:
        task, arguments = _TASKS[head["task"]], head["arguments"]
        with contextlib.ExitStack() as opened:
            first, *others = _objects(head["objects"], body, opened)
            if others:
                arguments = {**arguments, "others": others}
            return task(first.data, key=first.key, **arguments)
    except ServiceError as error:
        return {"refused": error.code}, b""
    except (Exception, MemoryError) as error:
        log.warning("pixels.undecodable", task=head["task"], kind=type(error).__name__)
        return {"refused": "PIXELS_UNREADABLE"}, b""


def _objects(places: list[Any], body: bytes, opened: contextlib.ExitStack) -> list[GivenObject]:
    """The objects a message is about: parts of files, mapped until the answer is made, or pieces of its body."""
    given, at = [], 0
    for path, offset, length in places:
        if path is None:
            piece = body if len(places) == 1 else memoryview(body)[at : at + length]
            given.append(GivenObject(piece, ""))
            at += length
        else:
            data = opened.enter_context(mapped(Path(path), offset, length))
            given.append(GivenObject(data, f"{path}:{offset}:{length}"))
    return given


def serve(connection: socket.socket) -> None:
    while True:
        try:
            send(connection, *answered(*receive(connection)))
        except (Ended, ConnectionError):
            return


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # A volume is made of more images than a process may have open by default.
    most_files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most_files, most_files))
    settings.configure(USE_I18N=False)
    structlog.configure(
        processors=[structlog.processors.add_log_level, structlog.processors.JSONRenderer()],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    serve(socket.socket(fileno=int(sys.argv[1])))


if __name__ == "__main__":
    main()
