"""The two embedded servers together, as every command of the launcher uses them."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import psycopg
import pytest

from launcher.embedded.owner import server_home, server_owner
from launcher.product import Product
from launcher.services import embedded_services
from launcher.var import Var, kept_var, throw_away_var


@pytest.fixture(autouse=True)
def nothing_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "REDIS_URL"):
        monkeypatch.delenv(name, raising=False)


def test_secrets_are_written_down_for_the_owner_alone_and_kept(monkeypatch, tmp_path):
    with throw_away_var() as thrown:
        kept = Var(thrown.folder)
        with embedded_services(kept, is_durable=False):
            first = json.loads(kept.services.read_text())
            assert stat.S_IMODE(kept.services.stat().st_mode) == 0o600
        with embedded_services(kept, is_durable=False):
            assert json.loads(kept.services.read_text()) == first
        assert set(first) == {"DATABASE_URL", "REDIS_URL", "SECRET_KEY"}


def test_a_server_that_dies_is_started_again_with_its_data():
    with throw_away_var() as var, embedded_services(var, is_durable=False) as services:
        assert services.postgres is not None
        assert services.postgres.process is not None
        url = services.postgres.url
        services.postgres.process.kill()
        services.postgres.process.wait()

        assert services.revive() == ["PostgreSQL"]
        assert services.revive() == []
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)


def test_servers_named_by_the_environment_are_not_started_here(monkeypatch, tmp_path):
    monkeypatch.setenv("DATABASE_URL", "postgres://db.example/region")
    monkeypatch.setenv("REDIS_URL", "redis://cache.example/0")

    with kept_var(tmp_path / "var") as var, embedded_services(var) as services:
        assert services.postgres is None
        assert services.valkey is None
        assert Product(var, {}).environment["DATABASE_URL"] == "postgres://db.example/region"


def test_what_is_thrown_away_never_touches_the_servers_of_the_environment(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgres://db.example/region")

    with throw_away_var() as var:
        assert "DATABASE_URL" not in Product(var, {}).environment


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts servers as another user")
def test_a_var_below_a_closed_folder_keeps_its_servers_elsewhere_and_the_folder_closed(tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    var = closed / "var"
    var.mkdir(mode=0o711)
    owner = server_owner()

    home = server_home(var, owner)

    assert home.parent == Path("/var/lib/consilium")
    assert owner.can_enter(home)
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    home.rmdir()
