"""Daemons here are small Python programs; the real ones are started by the tests of the whole product."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from config.supervision.child import back_off_s
from config.supervision.daemons import listening_socket

STEADY = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: (print("work in hand is done", flush=True), sys.exit(0)))
print('{"event": "ready"}', flush=True)
while True:
    time.sleep(0.05)
"""
STUBBORN = STEADY.replace('(print("work in hand is done", flush=True), sys.exit(0))', "None")
BROKEN = "import sys; print('cannot work here', flush=True); sys.exit(3)"
GREETER = """
import socket, sys
listener = socket.socket(fileno=int(sys.argv[1]))
print('{"event": "ready"}', flush=True)
connection, _ = listener.accept()
connection.sendall(b"hello")
"""

RUNNER = """
import json, sys
from pathlib import Path
from config.supervision.daemons import Daemon
from config.supervision.supervisor import Supervisor
daemons = [Daemon(name, [sys.executable, "-c", code], stop_within_s=1.0) for name, code in json.loads(sys.argv[2])]
Supervisor(daemons, var=Path(sys.argv[1]), ports={"HTTP_PORT": 1}).run()
"""

Supervise = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def supervise(tmp_path: Path) -> Iterator[Supervise]:
    started: list[subprocess.Popen[bytes]] = []

    def start(**programs: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", RUNNER, str(tmp_path), json.dumps(list(programs.items()))]
        started.append(subprocess.Popen(command, stderr=subprocess.DEVNULL))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def status(var: Path) -> dict[str, Any]:
    try:
        told: dict[str, Any] = json.loads((var / "run" / "daemons.json").read_text())
    except FileNotFoundError:
        return {"daemons": {}}
    return told


def wait_for(var: Path, condition: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    deadline = time.monotonic() + 20
    while not condition(status(var)):
        assert time.monotonic() < deadline, status(var)
        time.sleep(0.02)
    return status(var)


def is_ready(name: str) -> Callable[[dict[str, Any]], bool]:
    return lambda state: bool(state["daemons"].get(name, {}).get("ready"))


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_daemon_that_is_killed_is_started_again_at_once(supervise, tmp_path):
    supervise(steady=STEADY, other=STEADY)
    before = wait_for(tmp_path, lambda state: is_ready("steady")(state) and is_ready("other")(state))

    os.kill(before["daemons"]["steady"]["pid"], signal.SIGKILL)
    after = wait_for(
        tmp_path, lambda state: state["daemons"]["steady"]["restarts"] == 1 and is_ready("steady")(state)
    )

    assert after["daemons"]["steady"]["pid"] != before["daemons"]["steady"]["pid"]
    assert after["daemons"]["steady"]["last_exit"] == -signal.SIGKILL
    assert after["daemons"]["other"] == before["daemons"]["other"]


def test_a_daemon_that_cannot_start_is_tried_again_and_its_words_are_kept(supervise, tmp_path):
    supervise(broken=BROKEN, steady=STEADY)
    state = wait_for(tmp_path, lambda state: state["daemons"].get("broken", {}).get("restarts", 0) >= 2)

    assert state["daemons"]["broken"]["last_exit"] == 3
    assert not state["daemons"]["broken"]["ready"]
    assert "cannot work here" in (tmp_path / "log" / "broken.log").read_text()


def test_sigterm_lets_daemons_finish_and_kills_those_that_do_not(supervise, tmp_path):
    supervisor = supervise(steady=STEADY, stubborn=STUBBORN)
    state = wait_for(tmp_path, lambda state: is_ready("steady")(state) and is_ready("stubborn")(state))

    supervisor.terminate()

    assert supervisor.wait(20) == 0
    assert "work in hand is done" in (tmp_path / "log" / "steady.log").read_text()
    assert not any(is_alive(daemon["pid"]) for daemon in state["daemons"].values())
    assert status(tmp_path)["state"] == "ended"


def test_daemons_do_not_outlive_a_supervisor_that_is_killed(supervise, tmp_path):
    supervisor = supervise(steady=STEADY)
    pid = wait_for(tmp_path, is_ready("steady"))["daemons"]["steady"]["pid"]

    supervisor.kill()

    deadline = time.monotonic() + 20
    while is_alive(pid):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_callers_wait_in_line_for_a_server_that_is_not_there_yet():
    with listening_socket() as listener, socket.create_connection(listener.getsockname()) as caller:
        command = [sys.executable, "-c", GREETER, str(listener.fileno())]
        with subprocess.Popen(command, pass_fds=[listener.fileno()], stdout=subprocess.DEVNULL) as server:
            assert caller.recv(5) == b"hello"
        assert server.returncode == 0


def test_back_off_doubles_up_to_half_a_minute():
    assert [back_off_s(failures) for failures in (1, 2, 3, 6, 7, 20)] == [0.5, 1.0, 2.0, 16.0, 30.0, 30.0]
