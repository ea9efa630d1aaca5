"""One product for all the tests here, and the studies they send through it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from config.demo.journey import Journey
from config.demo.studies import JourneyStudy, write_phantom
from tests.journey.running import RunningProduct, running_product

MakeJourney = Callable[..., Journey]
_numbers = count(1000)  # the command under test takes the first that nobody has ordered


@pytest.fixture(scope="session")
def region() -> Iterator[RunningProduct]:
    with running_product() as running:
        yield running


@pytest.fixture
def make_study(tmp_path: Path) -> Callable[..., JourneyStudy]:
    """A thin-slice CT of a demo patient whom no other test knows."""

    def make(*, slices: int = 40, matrix: int = 128) -> JourneyStudy:
        return write_phantom(tmp_path / "study", next(_numbers), matrix=matrix, slices=slices)

    return make


@pytest.fixture
def make_journey(region: RunningProduct, make_study: Callable[..., JourneyStudy]) -> MakeJourney:
    """A journey that has not begun."""

    def make(**study: int) -> Journey:
        return Journey(make_study(**study), region.addresses)

    return make
