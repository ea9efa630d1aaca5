"""The process of `workflow`, beside npm's bpmn-engine with its state saved as JSON and taken up again at every step.

Ours commits every step to PostgreSQL with all that belongs to it; the peer keeps the text in memory and writes it
nowhere, which favours it. It is installed with `npm ci --ignore-scripts` in `benchmarks/workflow_npm_peer`.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

from benchmarks._cases import product
from benchmarks.runner import Row, installed, measure_in_turn, missing
from benchmarks.workflow import BPMN, Ours, rate

PEER = Path(__file__).resolve().parent / "workflow_npm_peer"
NAME = "bpmn-engine, state saved and recovered"
CASE, UNIT = "persisted, commit a step", "instances/s"


def run(*, quick: bool) -> list[Row]:
    count, rounds = (20, 3) if quick else (100, 5)
    with product() as (folder, _environment):
        ours = Ours(folder)
        contestants = {"ours": rate(ours.persisted, count)}
        is_installed = installed("node") and (PEER / "node_modules" / "bpmn-engine").is_dir()
        if is_installed:
            contestants["peer"] = _peer(count)
        found = measure_in_turn(contestants, rounds=rounds)
    if not is_installed:
        return [missing(CASE, ours=found["ours"][0], peer_name=NAME, unit=UNIT, n=count)]
    return [Row(CASE, found["ours"][0], NAME, found["peer"][0], UNIT, count)]


def _peer(count: int) -> Callable[[], float]:
    source = _for_javascript(BPMN)

    def measure() -> float:
        command = ["node", "peer.mjs", str(count)]
        done = subprocess.run(command, cwd=PEER, input=source, capture_output=True, text=True, check=True)
        return float(done.stdout)

    return measure


def _for_javascript(bpmn: str) -> str:
    """The same diagram with its condition in the peer's own words, and without our extensions."""
    text = re.sub(r"<bpmn:laneSet>.*?</bpmn:laneSet>|<bpmn:extensionElements>.*?</bpmn:extensionElements>", "", bpmn,
                  flags=re.DOTALL)  # fmt: skip
    condition = '<bpmn:conditionExpression xsi:type="bpmn:tFormalExpression">${environment.variables.answer}'
    text = re.sub(r"<bpmn:conditionExpression>[^<]*", lambda _: condition, text)
    return text.replace(
        "<bpmn:definitions ",
        '<bpmn:definitions targetNamespace="urn:benchmark" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" ',
        1,
    )
