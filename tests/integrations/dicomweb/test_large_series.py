"""A series of 4 000 slices leaves the others their speed. The short form is a tenth as long, with smaller slices.

Times are compared within one run, and generously: what they tell apart is waiting a moment from waiting in line.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from benchmarks._servers import RAM_DISK, folder_on
from benchmarks.large_series import (
    GROWN_AT_MOST_MB,
    INSTANCES,
    SLOWER_AT_MOST,
    LargeSeries,
    large_series,
)

pytestmark = pytest.mark.stack
_MOMENT_MS = 1000.0  # whoever waits in line behind decoding waits longer, on a crowded machine too


@pytest.fixture(
    scope="module",
    params=[(400, 128), pytest.param((INSTANCES, 512), marks=pytest.mark.drill)],
    ids=["400 slices", "4000 slices"],
)
def series(request: pytest.FixtureRequest) -> Iterator[LargeSeries]:
    instances, side = request.param
    with folder_on(RAM_DISK) as folder, large_series(folder, instances, side=side) as held:
        yield held


def test_others_are_answered_while_eight_clients_have_its_frames_transcoded(series):
    rest = series.waits(15)
    with series.transcoding() as warming:
        series.waits(3)  # until every worker has its decoders
    before_mb = series.resident_mb()

    with series.transcoding() as crowd:
        crowded = series.waits(15)

    assert (warming.others, crowd.others) == ([], [])
    assert crowd.made > 0
    for name, ms in crowded.items():
        assert ms < max(SLOWER_AT_MOST * rest[name], _MOMENT_MS), name
    assert series.resident_mb() - before_mb < GROWN_AT_MOST_MB
