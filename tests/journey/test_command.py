"""`play_journey` as `./consilium demo` calls it: sentences, one JSON line, and a failure that names its step."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from config.demo.studies import write_phantom
from tests.journey.running import RunningProduct

pytestmark = [pytest.mark.stack, pytest.mark.timeout(600)]


def play(region: RunningProduct, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        region.product.command("play_journey", *arguments),
        env=region.product.environment, capture_output=True, text=True, timeout=500, check=False,
    )  # fmt: skip


def test_a_phantom_is_played_to_the_delivered_report(region: RunningProduct) -> None:
    played = play(region, "--matrix", "128", "--slices", "40")

    assert played.returncode == 0, played.stderr
    *sentences, last = played.stdout.strip().splitlines()
    outcome = json.loads(last)
    seconds = outcome.pop("seconds")
    study = outcome.pop("study")
    results = outcome.pop("results")
    assert outcome == {
        "instances": 40,
        "thin_slice": True,
        "process": "completed",
        "report": "final",
        "oru_acknowledged": True,
    }
    assert study.startswith("2.25.")
    assert results > 0
    assert seconds > 0
    assert len(sentences) == 9  # the phantom and eight steps


def test_a_second_one_can_be_left_waiting_for_the_expert(region: RunningProduct) -> None:
    played = play(region, "--json", "--until", "assigned", "--matrix", "128", "--slices", "40")

    assert played.returncode == 0, played.stderr
    (line,) = played.stdout.strip().splitlines()
    outcome = json.loads(line)
    assert (outcome["process"], outcome["report"], outcome["oru_acknowledged"]) == ("running", "", False)
    waiting = region.person("rosa").find("tasks/", element="ReadAndReport")
    studies = {region.person("rosa").get(f"cases/{task['case']}/")["subjects"]["study"] for task in waiting}
    assert outcome["study"] in studies


def test_a_real_ct_of_the_chest_is_played_to_the_end_but_not_twice(
    region: RunningProduct, shared_data: Path
) -> None:
    folder = str(shared_data / "volumes" / "ct_chest")

    played = play(region, "--json", "--study", folder)
    again = play(region, "--json", "--study", folder)

    assert played.returncode == 0, played.stderr
    outcome = json.loads(played.stdout)
    assert (outcome["instances"], outcome["thin_slice"], outcome["process"]) == (237, True, "completed")
    assert outcome["results"] > 0
    assert (again.returncode, again.stdout) == (1, "")
    assert "'order'" in again.stderr
    assert "This study has been ordered before" in again.stderr


def test_a_real_mr_of_the_head_is_played_to_the_end(region: RunningProduct, shared_data: Path) -> None:
    played = play(region, "--json", "--study", str(shared_data / "volumes" / "mr_t1_head"))

    assert played.returncode == 0, played.stderr
    outcome = json.loads(played.stdout)
    assert (outcome["instances"], outcome["process"], outcome["report"]) == (384, "completed", "final")
    assert outcome["results"] > 0


@pytest.mark.parametrize(("slices", "thin", "why"), [(1, False, "1 slice;"), (3, True, "3 slices;")])
def test_a_study_too_small_for_an_overview_is_read_without_one(
    region: RunningProduct, tmp_path: Path, slices: int, thin: bool, why: str
) -> None:
    write_phantom(tmp_path, 900 + slices, matrix=64, slices=slices)

    played = play(region, "--study", str(tmp_path))

    assert played.returncode == 0, played.stderr
    *sentences, last = played.stdout.strip().splitlines()
    outcome = json.loads(last)
    assert (outcome["instances"], outcome["thin_slice"], outcome["results"]) == (slices, thin, 0)
    assert (outcome["process"], outcome["oru_acknowledged"]) == ("completed", True)
    assert any("No overview of this study." in said and why in said for said in sentences)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda folder: folder / "nowhere", "There is no folder"),
        (lambda folder: folder, "holds no studies"),
    ],
    ids=["no folder", "empty folder"],
)
def test_what_is_no_study_is_said_so(
    region: RunningProduct, tmp_path: Path, make: object, sentence: str
) -> None:
    played = play(region, "--study", str(make(tmp_path)))  # type: ignore[operator]

    assert played.returncode == 1
    assert "'study'" in played.stderr
    assert sentence in played.stderr
