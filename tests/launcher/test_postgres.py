"""Real servers from the wheel, each in a folder of its own."""

from __future__ import annotations

import os
import signal
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from launcher.embedded.owner import server_home, server_owner
from launcher.embedded.postgres import Postgres
from launcher.ports import free_port
from launcher.problems import Problem
from launcher.var import throw_away_var


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    """A server as `./consilium` starts it; pytest's own temporary folders are closed to its user."""
    owner = server_owner()
    with throw_away_var() as var:
        folder = server_home(var.folder, owner) / "postgres"
        folder.mkdir(parents=True)
        server = Postgres(
            folder=folder, packages=Path(sysconfig.get_path("purelib")), password="a-password", owner=owner,
            log=var.logs / "postgres.log", is_durable=False,
        )  # fmt: skip
        server.start(free_port())
        yield server
        server.stop()


def count_rows(postgres: Postgres) -> int:
    with psycopg.connect(postgres.url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (x int)")
        connection.execute("INSERT INTO kept VALUES (1)")
        row = connection.execute("SELECT count(*) FROM kept").fetchone()
    assert row is not None
    return int(row[0])


def test_a_wrong_password_is_refused(postgres):
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(postgres.url.replace("a-password", "a-guess"))


def test_passwords_are_kept_and_asked_for_by_scram(postgres):
    with psycopg.connect(postgres.url) as connection:
        methods = connection.execute("SELECT DISTINCT auth_method FROM pg_hba_file_rules").fetchall()
        addresses = connection.execute("SHOW listen_addresses").fetchone()

    assert methods == [("scram-sha-256",)]
    assert addresses == ("127.0.0.1",)


def test_the_server_is_not_run_by_root(postgres):
    assert postgres.process is not None
    assert Path(f"/proc/{postgres.process.pid}").stat().st_uid != 0


def test_what_was_committed_is_there_after_a_clean_stop(postgres):
    before = count_rows(postgres)
    postgres.stop()
    postgres.start(free_port())

    assert count_rows(postgres) == before + 1


def test_a_server_that_was_killed_starts_again_on_its_stale_lock_file(postgres):
    before = count_rows(postgres)
    assert postgres.process is not None
    os.kill(postgres.process.pid, signal.SIGKILL)
    postgres.process.wait()
    assert (postgres.data / "postmaster.pid").exists()

    postgres.start(postgres.port)

    assert count_rows(postgres) == before + 1


def test_a_lock_file_whose_number_now_belongs_to_another_process_is_no_obstacle(postgres):
    postgres.stop()
    (postgres.data / "postmaster.pid").write_text(f"{os.getpid()}\n{postgres.data}\n")

    postgres.start(postgres.port)

    assert count_rows(postgres) > 0


def test_data_of_another_major_version_are_left_alone_with_a_clear_sentence(postgres):
    postgres.stop()
    version = postgres.data / "PG_VERSION"
    version.write_text("15\n")
    try:
        with pytest.raises(Problem, match="written by PostgreSQL 15 and this is 18"):
            postgres.start(postgres.port)
    finally:
        version.write_text("18\n")
    postgres.start(postgres.port)
