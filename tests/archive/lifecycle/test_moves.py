"""Moves between tiers: by rule, by a person, resumable, verified, and not seen by readers."""

import datetime as dt
import errno
import os
import signal
import subprocess
import sys
import time

import pytest
from django.db import connection

from accounts.models import Membership
from archive.lifecycle import transfers
from archive.lifecycle.models import PlacementRule
from archive.lifecycle.placing import place_due, reconsider
from archive.lifecycle.purging import remove_due
from archive.lifecycle.services import choose_tier, leave_tier_to_rules, save_placement_rule, set_volume_state
from archive.lifecycle.transfers import transfer_due
from archive.lifecycle.volumes import store_of
from archive.storage import index
from archive.storage.models import Segment, SegmentCopy
from archive.storage.volumes.local import FileInflow
from common import clock as product_clock
from tests.archive.lifecycle.conftest import bytes_of, holders

HOUR = dt.timedelta(hours=1)


def settle(clock):
    """Everything the duties would do in the next hours."""
    for _ in range(4):
        reconsider()
        place_due()
        transfer_due()
        remove_due()
        clock.advance(2 * HOUR)


def test_thin_series_move_to_the_warm_tier_by_rule_and_old_ones_to_the_cold(
    clock, cast, hot, warm, cold, store_series
):
    thin, thick = store_series(name="thin"), store_series(name="thick", is_thin=False)
    before = bytes_of(thin)
    save_placement_rule(name="Old", position=1, older_than_days=30, tier="cold", actor=cast.ines)
    save_placement_rule(name="Thin", position=2, is_thin_slice=True, tier="warm", actor=cast.ines)

    settle(clock)

    assert holders(thin) == ["warm"]
    assert holders(thick) == ["default"]
    assert bytes_of(thin) == before
    segment = Segment.objects.get(series_instance_uid=thin.series_instance_uid)
    assert not store_of(hot).path(segment.key).exists()
    assert segment.place_at == thin.first_received_at + dt.timedelta(days=30)  # age alone moves it next

    clock.advance(dt.timedelta(days=30))
    settle(clock)

    assert (holders(thin), holders(thick)) == (["cold"], ["cold"])
    assert bytes_of(thin) == before


def test_a_person_moves_a_study_and_back(clock, cast, hot, warm, store_series):
    series = store_series()
    before = bytes_of(series)
    Membership.objects.create(person=cast.ines, site=cast.county, role="administrator")
    uid = series.study.study_instance_uid

    choose_tier(uid, tier="warm", actor=cast.ines)
    settle(clock)
    assert (holders(series), bytes_of(series)) == (["warm"], before)

    leave_tier_to_rules(uid, actor=cast.ines)
    settle(clock)
    assert (holders(series), bytes_of(series)) == (["default"], before)


def test_two_copies_where_the_rule_asks_for_two_and_a_draining_volume_is_emptied(
    clock, cast, hot, make_volume, store_series
):
    series = store_series()
    for name in ("warm-1", "warm-2", "warm-3"):
        make_volume(name, "warm")
    save_placement_rule(name="All", tier="warm", copies=2, actor=cast.ines)
    settle(clock)
    first = holders(series)
    assert len(first) == 2

    set_volume_state(first[0], "draining", actor=cast.ines)
    settle(clock)

    assert len(holders(series)) == 2
    assert first[0] not in holders(series)
    assert not SegmentCopy.objects.filter(volume__name=first[0]).exists()


def test_no_copy_is_given_up_before_the_wanted_ones_are_held_and_readable(
    clock, cast, hot, warm, store_series
):
    series = store_series()
    save_placement_rule(name="All", tier="warm", actor=cast.ines)
    reconsider()
    place_due()
    assert holders(series) == ["default"]
    transfer_due()
    assert holders(series) == ["default", "warm"]
    place_due()
    assert holders(series) == ["warm"]
    assert remove_due() == 0  # readers that were told of the old copy still find it
    segment = Segment.objects.get()
    assert store_of(hot).path(segment.key).exists()
    clock.advance(2 * HOUR)
    assert remove_due() == 1
    assert not store_of(hot).path(segment.key).exists()


def test_a_copy_that_broke_off_goes_on_after_what_was_settled(
    clock, cast, hot, warm, store_series, monkeypatch
):
    series = store_series(slices=8, pixels=256)
    before = bytes_of(series)
    save_placement_rule(name="All", tier="warm", actor=cast.ines)
    monkeypatch.setattr(transfers, "SETTLE_EVERY", 1)
    monkeypatch.setattr("archive.lifecycle.digests.BLOCK", 200_000)
    reconsider()
    place_due()
    copy = SegmentCopy.objects.get(state="copying")
    appended: list[int] = []
    append = FileInflow.append

    def dies(self, data):
        if len(appended) == 3:
            raise KeyboardInterrupt
        appended.append(len(data))
        append(self, data)

    monkeypatch.setattr(FileInflow, "append", dies)
    with pytest.raises(KeyboardInterrupt):
        transfer_due()
    copy.refresh_from_db()
    assert copy.bytes_done == sum(appended)

    monkeypatch.setattr(FileInflow, "append", append)
    assert transfer_due() == 0  # the dead worker's lease still runs
    clock.advance(transfers.LEASE + dt.timedelta(seconds=1))
    second: list[int] = []

    def counting(self, data):
        second.append(len(data))
        append(self, data)

    monkeypatch.setattr(FileInflow, "append", counting)
    transfer_due()

    copy.refresh_from_db()
    assert copy.state == "held"
    assert sum(appended) + sum(second) == copy.segment.size_bytes
    settle(clock)
    assert bytes_of(series) == before


def test_a_full_target_keeps_the_source_and_is_tried_again(clock, cast, hot, warm, store_series, monkeypatch):
    series = store_series()
    before = bytes_of(series)
    save_placement_rule(name="All", tier="warm", actor=cast.ines)
    reconsider()
    place_due()

    def full(_handle, _data):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("archive.storage.volumes.local.os.write", full)
        transfer_due()
    copy = SegmentCopy.objects.get(volume=warm)
    assert (copy.state, copy.problem, copy.attempts) == ("copying", "STORAGE_FULL", 1)
    assert copy.next_at
    assert copy.next_at > product_clock.now()
    assert (holders(series), bytes_of(series)) == (["default"], before)

    clock.advance(HOUR)
    settle(clock)
    assert (holders(series), bytes_of(series)) == (["warm"], before)


def test_what_was_written_wrongly_is_not_relied_on(clock, cast, hot, warm, store_series, monkeypatch):
    series = store_series()
    save_placement_rule(name="All", tier="warm", actor=cast.ines)
    reconsider()
    place_due()
    append = FileInflow.append
    with monkeypatch.context() as patched:
        patched.setattr(FileInflow, "append", lambda self, data: append(self, b"\xff" + bytes(data)[1:]))
        transfer_due()

    copy = SegmentCopy.objects.get(volume=warm)
    assert (copy.state, copy.problem) == ("copying", "COPY_DIFFERS")
    assert holders(series) == ["default"]


def test_readers_see_nothing_of_a_move_at_any_step(clock, cast, hot, warm, store_series):
    series = store_series()
    before = bytes_of(series)
    save_placement_rule(name="All", tier="warm", actor=cast.ines)
    for step in (reconsider, place_due, transfer_due, place_due, lambda: clock.advance(2 * HOUR), remove_due):
        step()
        assert bytes_of(series) == before


def test_the_duties_queries_use_their_indexes(hot, warm, store_series):
    """With scans of tables and sorts switched off, what is left is what the indexes offer, in their order."""
    store_series()
    now = product_clock.now()
    asked = [
        Segment.objects.filter(place_at__lte=now, sealed_at__isnull=False).order_by("place_at"),
        Segment.objects.filter(purge_at__lte=now, sealed_at__isnull=False).order_by("purge_at"),
        Segment.objects.filter(sealed_at=None, created_at__lte=now).order_by("created_at"),
        SegmentCopy.objects.filter(state="copying", next_at__lte=now).order_by("next_at"),
        SegmentCopy.objects.filter(volume=hot, verified_at__lt=now, state="held").order_by("verified_at"),
    ]
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")
        plans = [query.explain() for query in asked]
    for plan, name in zip(
        plans, ["segment_to_place", "segment_to_purge", "segment_open", "copy_due", "copy_scrub"], strict=True
    ):
        assert name in plan


_WORKER = """
import os, sys, time, django
django.setup()
from django.conf import settings
settings.DATABASES["default"]["NAME"] = sys.argv[1]
settings.STORAGE_URL = sys.argv[2]
from accounts.models import Membership
from archive.lifecycle import transfers
transfers.SETTLE_EVERY = 1
pour = transfers._note_progress
def slowly(copy, inflow):
    pour(copy, inflow)
    print("settled", copy.bytes_done, flush=True)
    time.sleep(60)
transfers._note_progress = slowly
transfers.transfer_due()
"""


@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_in_the_middle_of_a_move_loses_nothing(
    cast, hot, warm, store_series, settings, monkeypatch
):
    series = store_series(slices=20, pixels=512)
    before = bytes_of(series)
    save_placement_rule(name="All", tier="warm", actor=cast.ines)
    reconsider()
    place_due()
    worker = subprocess.Popen(
        [sys.executable, "-c", _WORKER, connection.settings_dict["NAME"], settings.STORAGE_URL],
        stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": os.getcwd()},  # noqa: PTH109
    )  # fmt: skip
    try:
        assert worker.stdout is not None
        line = worker.stdout.readline()
        assert line.startswith("settled"), line
    finally:
        worker.send_signal(signal.SIGKILL)
        worker.wait()

    copy = SegmentCopy.objects.get(volume=warm)
    assert (copy.state, holders(series), bytes_of(series)) == ("copying", ["default"], before)
    assert 0 < copy.bytes_done < copy.segment.size_bytes

    SegmentCopy.objects.filter(pk=copy.pk).update(next_at=product_clock.now())  # its lease has run out
    deadline = time.monotonic() + 20
    while transfer_due() == 0:
        assert time.monotonic() < deadline
    place_due()
    index.forget()

    assert (holders(series), bytes_of(series)) == (["warm"], before)
    PlacementRule.objects.all().delete()
