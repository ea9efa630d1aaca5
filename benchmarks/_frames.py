"""What is asked of a frame, one after the other: by one client, and by eight at once."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks._dicomweb import DicomwebServers
from benchmarks._keepalive import Client, Response, Server, load
from benchmarks.runner import Row, measure_in_turn

CLIENTS = 8


@dataclass(frozen=True, slots=True)
class Question:
    """One kind of request: its paths in turn, what is accepted, and whether an answer is one."""

    paths: Sequence[str]
    accept: str
    is_answer: Callable[[Response], bool]

    def alone(self, server: Server, asked: int) -> Callable[[], float]:
        """The median of what one client waits, in ms."""

        def fetch() -> float:
            measured = []
            with Client(server) as client:
                for turn in range(asked):
                    began = time.perf_counter()
                    response = client.get(self.paths[turn % len(self.paths)], accept=self.accept)
                    measured.append((time.perf_counter() - began) * 1000)
                    assert response.status == 200, response.status
                    assert self.is_answer(response), "not what was asked for"
            return statistics.median(measured)

        return fetch

    def crowd(self, server: Server, each: int) -> Callable[[], float]:
        """How many requests a second `CLIENTS` are answered together."""
        return lambda: load(server, self.paths, accept=self.accept, clients=CLIENTS, each=each).per_second


def measured(
    servers: DicomwebServers,
    question: Question,
    *,
    names: tuple[str, str],
    asked: int,
    each: int,
    rounds: int,
) -> list[Row]:
    """Both servers in turn: one client that asks `asked` times a round, then the crowd, `each` of them so often."""
    alone = measure_in_turn(
        {server.name: question.alone(server, asked) for server in servers.all}, rounds=rounds
    )
    crowd = measure_in_turn(
        {server.name: question.crowd(server, each) for server in servers.all}, rounds=rounds
    )
    return [
        _row(names[0], alone, "ms", asked * rounds),
        _row(names[1], crowd, "requests/s", each * CLIENTS * rounds),
    ]


def _row(case: str, figures: dict[str, tuple[float, list[float]]], unit: str, n: int) -> Row:
    peer = figures.get("Orthanc")
    return Row(
        case, figures["ours"][0], "Orthanc", peer[0] if peer else None, unit, n, higher_is_better=unit != "ms"
    )
