"""Whatever stands in the way is told in one sentence that says what to do, never as a traceback."""

from __future__ import annotations

import errno
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from launcher import environment, stamps
from launcher.commands import run_logged
from launcher.ports import free_port, is_free, require_free
from launcher.problems import Problem, explain
from launcher.var import kept_var, throw_away_var

ROOT = Path(__file__).resolve().parents[2]


def consilium(*arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, ROOT / "consilium", *arguments],
        env={**os.environ, **changes}, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


def test_a_taken_port_is_named_with_the_way_to_choose_another():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(
            Problem, match=rf"Port {port} on 127.0.0.1, wanted for the portal, is taken: .* --port"
        ):
            require_free(port, purpose="the portal", remedy="by --port")


def test_up_on_a_taken_port_ends_with_that_sentence_alone(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = consilium("up", "--port", str(port), CONSILIUM_VAR=str(tmp_path / "var"))

    assert ended.returncode == 2
    assert f"Port {port}" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert len(ended.stderr.strip().splitlines()) == 1


def test_a_second_launcher_on_the_same_var_names_the_first(tmp_path):
    with kept_var(tmp_path / "var"):
        ended = consilium("up", CONSILIUM_VAR=str(tmp_path / "var"))

    assert ended.returncode == 2
    assert f"already runs on {tmp_path / 'var'} (process {os.getpid()})" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_var_that_was_left_by_a_killed_launcher_is_not_locked(tmp_path):
    (tmp_path / "lock").write_text("1")

    with kept_var(tmp_path):
        assert (tmp_path / "lock").read_text() == str(os.getpid())


def test_a_disk_without_room_is_told_before_anything_is_written(tmp_path):
    with pytest.raises(Problem, match=r"needs 1048576\.0 GiB of disk, and only .* are free"):
        environment.require_space(tmp_path / "not" / "there", 2**50, purpose="Setting up")


def test_a_disk_that_fills_up_underway_is_told_in_words():
    sentence = explain(OSError(errno.ENOSPC, "No space left on device"), place="/srv/var")

    assert sentence == (
        "The disk is full: free some space where /srv/var is kept, then run the same command again."
    )


def test_a_program_that_fails_is_quoted_with_the_place_of_its_log(tmp_path):
    log = tmp_path / "pip.log"
    code = "import sys; print('Collecting'); print('ERROR: no matching distribution'); sys.exit(1)"

    with pytest.raises(Problem, match=r"Installing failed: ERROR: no matching distribution .*pip\.log"):
        run_logged([sys.executable, "-c", code], log=log, doing="Installing")


def test_a_program_that_fails_for_want_of_disk_says_so(tmp_path):
    code = "import sys; print('OSError: [Errno 28] No space left on device'); sys.exit(1)"

    with pytest.raises(Problem, match="The disk is full"):
        run_logged([sys.executable, "-c", code], log=tmp_path / "log", doing="Installing")


def test_a_python_without_venv_gets_the_one_apt_line(tmp_path, monkeypatch):
    monkeypatch.setattr(environment, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(environment, "PYTHON", tmp_path / ".venv" / "bin" / "python")
    monkeypatch.setattr(environment, "NEEDED_BYTES", 0)
    monkeypatch.setitem(sys.modules, "ensurepip", None)

    with pytest.raises(Problem, match="apt-get install -y python3-venv"):
        environment.ensure_packages()


def test_an_unknown_word_is_refused_with_the_usage():
    ended = consilium("fly")

    assert ended.returncode == 2
    assert "up | demo | test | lint | bench" in ended.stderr


def test_demo_wants_a_folder_that_is_there(tmp_path):
    ended = consilium("demo", "--study", str(tmp_path / "nothing"))

    assert ended.returncode == 2
    assert "There is no folder" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_throw_away_var_leaves_nothing():
    with throw_away_var() as var:
        (var.folder / "log").mkdir()
    assert not var.folder.exists()


def test_a_stamp_holds_only_for_the_same_names_and_contents(tmp_path):
    file, stamp = tmp_path / "requirements.txt", tmp_path / "stamp"
    file.write_text("Django==5.2.19")
    stamps.put(stamp, stamps.digest([file]))
    assert stamps.holds(stamp, stamps.digest([file]))

    file.write_text("Django==5.2.20")
    assert not stamps.holds(stamp, stamps.digest([file]))


def test_a_free_port_is_free():
    assert is_free(free_port())


def test_the_launcher_needs_nothing_but_the_standard_library():
    code = (
        "import sys; sys.path.insert(0, '.'); before = set(sys.modules); import launcher.cli; "
        "names = {name.partition('.')[0] for name in set(sys.modules) - before}; "
        "print(sorted(names - sys.stdlib_module_names - {'launcher'}))"
    )
    ran = subprocess.run(
        [sys.executable, "-S", "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert ran.stdout.strip() == "[]"
