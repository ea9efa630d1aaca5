"""The simulated modality as a program: what it prints, and how it tells of failure."""

import json
import subprocess
import sys
from pathlib import Path

from archive.studies.models import Instance
from tests.archive.studies.objects import ct_slice, part10

ROOT = Path(__file__).resolve().parents[3]


def modality(*arguments: object) -> tuple[int, dict[str, object]]:
    done = subprocess.run(
        [sys.executable, "-m", "integrations.simulators.modality", *map(str, arguments)],
        cwd=ROOT, env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    return done.returncode, json.loads(done.stdout.splitlines()[-1])


def address(peer) -> list[object]:
    return ["--port", peer.port, "--ae-title", peer.calling_ae_title, "--called", peer.called_ae_title]


def test_it_sends_a_folder_without_django_and_sums_up(peer, tmp_path):
    for number in (1, 2, 3):
        (tmp_path / f"{number}.dcm").write_bytes(part10(ct_slice(number)))
    (tmp_path / "notes.txt").write_text("no image")

    status, summary = modality("--study", tmp_path, "--worklist", *address(peer))

    assert status == 0
    assert (summary["files"], summary["sent"], summary["unsent"], summary["worklist"]) == (3, 3, 0, [])
    assert Instance.objects.count() == 3


def test_what_is_refused_for_good_is_not_sent_again(peer, tmp_path):
    (tmp_path / "bad.dcm").write_bytes(part10(ct_slice(1))[:-20])

    status, summary = modality("--study", tmp_path, *address(peer))

    assert status == 1
    assert summary["refused"] == {"0xC000": 1}
    assert summary["connections"] == 1


def test_a_listener_that_is_not_there_is_told_after_the_last_attempt(tmp_path):
    (tmp_path / "1.dcm").write_bytes(part10(ct_slice(1)))

    status, summary = modality("--study", tmp_path, "--port", 1, "--attempts", 2)

    assert status == 1
    assert (summary["sent"], summary["unsent"], summary["connections"]) == (0, 1, 0)
