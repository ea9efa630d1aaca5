from __future__ import annotations

import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from launcher.embedded.owner import server_home, server_owner
from launcher.embedded.valkey import Valkey
from launcher.ports import free_port
from launcher.var import throw_away_var


@pytest.fixture
def valkey() -> Iterator[Valkey]:
    owner = server_owner()
    with throw_away_var() as var:
        folder = server_home(var.folder, owner) / "valkey"
        folder.mkdir(parents=True)
        server = Valkey(
            folder=folder, packages=Path(sysconfig.get_path("purelib")), password="a-password", owner=owner,
            log=var.logs / "valkey.log",
        )  # fmt: skip
        server.start(free_port())
        yield server
        server.stop()


def test_nobody_is_served_without_the_password(valkey):
    with pytest.raises(redis.AuthenticationError):
        redis.Redis(port=valkey.port).get("anything")


def test_the_password_is_not_on_the_command_line(valkey):
    assert valkey.process is not None
    assert b"a-password" not in Path(f"/proc/{valkey.process.pid}/cmdline").read_bytes()


def test_queued_messages_survive_a_restart(valkey):
    redis.Redis.from_url(valkey.url).lpush("queue", "a message")
    valkey.stop()
    valkey.start(free_port())

    assert redis.Redis.from_url(valkey.url).lrange("queue", 0, -1) == [b"a message"]


def test_it_keeps_an_append_only_file_and_evicts_nothing(valkey):
    server = redis.Redis.from_url(valkey.url)

    assert server.config_get("appendonly", "maxmemory-policy") == {
        "appendonly": "yes",
        "maxmemory-policy": "noeviction",
    }
