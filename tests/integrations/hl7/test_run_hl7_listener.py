"""The daemon as a process of its own: what it loads, how it stops, and what kill -9 cannot do."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from archive.orders.models import Order
from integrations.hl7.mllp import Client
from integrations.hl7.models import MessageLog
from integrations.simulators.his import send_order
from tests.integrations.hl7.messages import ORDER, adt, his_link, order_message, verdict

ROOT = Path(__file__).resolve().parents[3]
pytestmark = [pytest.mark.stack, pytest.mark.django_db(transaction=True)]


class Daemon:
    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self.process = process
        self.port = port

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(30)


def environment() -> dict[str, str]:
    database = connection.settings_dict
    host = f"{database['USER']}:{database['PASSWORD']}@{database['HOST']}:{database['PORT']}"
    return os.environ | {
        "DATABASE_URL": f"postgres://{host}/{database['NAME']}",
        "REDIS_URL": settings.REDIS_URL,
        "DJANGO_SETTINGS_MODULE": "config.settings.test",
    }


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[], Daemon]]:
    """Start a listener and wait until it says it is ready."""
    running: list[Daemon] = []

    def run() -> Daemon:
        with (tmp_path / "listener.log").open("a") as log:
            process = subprocess.Popen(
                [sys.executable, "manage.py", "run_hl7_listener", "--port", "0"],
                cwd=ROOT, env=environment(), stdout=subprocess.PIPE, stderr=log, text=True,
            )  # fmt: skip
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, (tmp_path / "listener.log").read_text()[-2000:]
        ready = json.loads(line)
        assert ready["event"] == "ready"
        running.append(Daemon(process, ready["port"]))
        return running[-1]

    yield run
    for daemon in running:
        if daemon.process.poll() is None:
            daemon.process.kill()
            daemon.process.wait(10)
        assert daemon.process.stdout is not None
        daemon.process.stdout.close()


def test_sigterm_ends_the_daemon_in_good_order(cast, start):
    his_link(cast)
    daemon = start()
    with Client("127.0.0.1", daemon.port) as client:
        assert verdict(client.exchange(adt()))[0] == "AA"
        assert daemon.end(signal.SIGTERM) == 0


def test_what_was_acknowledged_survives_kill_9_and_is_answered_the_same_afterwards(cast, start):
    his_link(cast)
    daemon = start()
    with Client("127.0.0.1", daemon.port) as client:
        first = client.exchange(order_message())
    daemon.end(signal.SIGKILL)
    with Client("127.0.0.1", start().port) as client:
        assert client.exchange(order_message()) == first
    assert Order.objects.count() == MessageLog.objects.count() == 1


def test_the_simulated_his_gets_its_order_in_although_the_listener_is_killed_on_the_way(cast, start):
    """The order is sent into a dead port, then into the restarted daemon; the HIS goes on trying by itself."""
    his_link(cast)
    daemon = start()
    daemon.end(signal.SIGKILL)
    assert send_order(ORDER, port=daemon.port, patience_s=0.3)["ack"] == ""
    outcome = send_order(ORDER, port=start().port)
    assert (outcome["ack"], outcome["attempts"]) == ("AA", 1)
    assert send_order(ORDER, port=start().port)["ack"] == "AA"
    assert Order.objects.count() == 1


def test_taking_in_an_order_never_loads_hl7apy():
    """Parsing with it costs 30 ms a message and more: it is for building and proving what we send."""
    program = (
        "import sys, django; django.setup();"
        "from integrations.hl7.management.commands import run_hl7_listener;"
        "from integrations.hl7 import dispatch, listener, handlers, service_tasks;"
        "from integrations.hl7.fields import parse;"
        "print(sorted(name for name in sys.modules if name.startswith(('hl7apy', 'torch', 'highdicom'))))"
    )
    found = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.strip() == "[]"


def test_a_taken_port_gets_one_clear_sentence(start):
    daemon = start()
    second = subprocess.run(
        [sys.executable, "manage.py", "run_hl7_listener", "--port", str(daemon.port)],
        cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert second.returncode == 1
    assert f"Cannot listen on 127.0.0.1:{daemon.port}" in second.stderr
    assert "Traceback" not in second.stderr
