"""The time of a drill: it passes for who waits for it, whatever the machine's takes."""

from __future__ import annotations

import datetime as dt
import os
from itertools import count
from pathlib import Path

import pytest

from events.models import Bulletin
from tests.workflows.conftest import chain, machine, user
from tests.workflows.drills.daemons import Daemons
from tests.workflows.engine.drawing import END
from workflows.models import ServiceTaskRun

pytestmark = pytest.mark.django_db(transaction=True)
LEASE = dt.timedelta(seconds=30)
MOMENT = dt.timedelta(seconds=1)


@pytest.fixture
def daemons(tmp_path: Path) -> Daemons:
    """Their clock and their broker; none of them is started."""
    return Daemons(tmp_path / "drill", "", "")


@pytest.fixture
def lost_at(begin, operators, daemons: Daemons) -> dt.datetime:
    """When the lease runs out of a worker that is gone."""
    begin(machine("reserve") + user("look") + END + chain("start", "reserve", "look", "end"))
    Bulletin.objects.all().delete()  # nobody delivers
    until = daemons.now + LEASE
    ServiceTaskRun.objects.update(status="running", lease_until=until, next_attempt_at=None)
    return until


def test_time_passes_until_a_lease_runs_out_and_no_further(daemons, lost_at):
    daemons.until(lambda: daemons.now >= lost_at, otherwise="the lease still runs")

    assert daemons.now - lost_at < MOMENT


def test_no_time_passes_while_somebody_is_at_work(daemons, lost_at):
    (daemons.folder / "at_work" / f"{os.getpid()}.1").touch()
    looks = count()

    daemons.until(lambda: next(looks) == 20, otherwise="nobody looks")

    assert lost_at - daemons.now > LEASE - MOMENT


def test_whoever_died_at_work_holds_up_nobody(daemons, lost_at):
    (daemons.folder / "at_work" / "0.1").touch()  # no process has this number

    daemons.until(lambda: daemons.now >= lost_at, otherwise="the lease still runs")

    assert daemons.now - lost_at < MOMENT
