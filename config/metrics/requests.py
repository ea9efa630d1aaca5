"""How many requests were answered, how, and how long it took: counted by all processes of the web server together.

The counts lie in memory that the server's processes share, because each is forked after this was imported
(`preload_app`); one that is run by itself counts for itself. Each process has a row of its own, so none waits.
"""

from __future__ import annotations

import mmap
import os
import threading
import time
from bisect import bisect_left
from collections.abc import Callable, Iterator

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from config.metrics.exposition import Kind, Metric, Sample

KINDS = ("page", "api", "dicomweb")
STATUSES = ("1xx", "2xx", "3xx", "4xx", "5xx")
BOUNDS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_BUCKETS = len(BOUNDS_S) + 1
_WIDTH = len(STATUSES) + _BUCKETS + 1  # statuses, buckets, sum of seconds
_ROW = _WIDTH * len(KINDS)
_ROWS = 256  # processes that live at once; more would share rows and lose a count now and then

_counts = memoryview(mmap.mmap(-1, 8 * _ROW * _ROWS)).cast("d")
_counting = threading.Lock()


class RequestMetricsMiddleware:
    """Counts every request but those of the probes."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        began = time.perf_counter()
        response = self._get_response(request)
        count(request.path_info, response.status_code, time.perf_counter() - began)
        return response


def count(path: str, status: int, seconds: float) -> None:
    """Count one answer; of a streamed one the time until it began."""
    kind = 2 if path.startswith("/dicomweb/") else 1 if path.startswith("/api/") else 0
    at = os.getpid() % _ROWS * _ROW + kind * _WIDTH
    with _counting:
        _counts[at + min(max(status // 100, 1), 5) - 1] += 1
        _counts[at + len(STATUSES) + bisect_left(BOUNDS_S, seconds)] += 1
        _counts[at + _WIDTH - 1] += seconds


def request_metrics() -> Iterator[Metric]:
    """Requests by kind and status, and their durations, since the server was started."""
    sums = [sum(_counts[at::_ROW]) for at in range(_ROW)]
    parts = {kind: sums[at * _WIDTH : (at + 1) * _WIDTH] for at, kind in enumerate(KINDS)}
    yield Metric(
        "consilium_http_requests_total", Kind.COUNTER, "Requests answered, by kind of path and class of status.",
        tuple(
            Sample(found, {"kind": kind, "status": status})
            for kind, part in parts.items()
            for status, found in zip(STATUSES, part, strict=False)
        ),
    )  # fmt: skip
    yield Metric(
        "consilium_http_request_duration_seconds", Kind.HISTOGRAM, "Time until an answer began.",
        tuple(sample for kind, part in parts.items() for sample in _histogram(kind, part[len(STATUSES) :])),
    )  # fmt: skip


def _histogram(kind: str, part: list[float]) -> Iterator[Sample]:
    total = 0.0
    for bound, found in zip([*map(str, BOUNDS_S), "+Inf"], part, strict=False):
        total += found
        yield Sample(total, {"kind": kind, "le": bound}, "_bucket")
    yield Sample(part[-1], {"kind": kind}, "_sum")
    yield Sample(total, {"kind": kind}, "_count")
