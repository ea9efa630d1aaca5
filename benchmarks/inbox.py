"""A page of a person's task list, asked for by REST, with 1 000 and with 100 000 tasks open for them.

The request goes through the product as a client's would, but for the socket. Nothing is compared with but the product
itself: what is asked is that the list does not get slower with what waits.
"""

from __future__ import annotations

import statistics
import time
import uuid
from collections.abc import Callable

from benchmarks._cases import import_process, multiply, product, radiologist_at_bench
from benchmarks.runner import Row
from benchmarks.workflow import BPMN, DATA, SUBJECTS

FEW, MANY = 1_000, 100_000


def run(*, quick: bool) -> list[Row]:
    many, requests = (20_000, 30) if quick else (MANY, 200)
    with product() as (folder, _environment):
        # Django is set up by now; its models cannot be imported before.
        from django.test import Client  # noqa: PLC0415

        from workflows import services  # noqa: PLC0415
        from workflows.models import UserTask  # noqa: PLC0415

        person, site = radiologist_at_bench()
        import_process(folder, BPMN)
        services.start_process(
            "Benchmark", data=DATA, site=site, subjects=SUBJECTS, start_key=uuid.uuid4().hex, actor=person
        )
        client = Client(HTTP_HOST="localhost")
        client.force_login(person)

        def asked(path: str) -> Callable[[], float]:
            def ask() -> float:
                began = time.perf_counter()
                answer = client.get(path)
                took = time.perf_counter() - began
                assert answer.status_code == 200, answer.content[:200]
                return took * 1000

            return ask

        pages = {"REST, first page": asked("/api/tasks/"), "page of the portal": asked("/")}
        task = UserTask.objects.get()
        spread = {"uid": "gen_random_uuid()", "offered_at": "offered_at + n * interval '1 second'"}
        medians: dict[int, dict[str, float]] = {}
        for total in (FEW, many):
            multiply(UserTask, task, total - UserTask.objects.count(), **spread)
            medians[total] = {name: _median(ask, requests) for name, ask in pages.items()}
        return [
            Row(
                f"{name}, {many} open", medians[many][name], f"{FEW} open", medians[FEW][name], "ms p50", requests,
                higher_is_better=False,
            )
            for name in pages
        ]  # fmt: skip


def _median(ask: Callable[[], float], requests: int) -> float:
    for _ in range(5):
        ask()
    return statistics.median(ask() for _ in range(requests))
