"""The pages of storage: open to who looks after it, few statements however much there is, and each button acts."""

import datetime as dt

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Membership
from archive.lifecycle.deletion import delete_study
from archive.lifecycle.holds import place_hold
from archive.lifecycle.models import (
    LegalHold,
    PlacementRule,
    RetentionRule,
    ScrubFinding,
    SiteQuota,
    TierChoice,
)
from archive.lifecycle.usage import count_usage
from archive.lifecycle.volumes import default_volume
from archive.storage.models import Segment, SegmentCopy, Volume
from archive.studies.models import Study
from common import clock
from tests.portal.stored_images import store_ct

PAGES = ["", "rules/", "moves/", "findings/", "quotas/", "holds/"]


@pytest.fixture
def ines(cast):
    Membership.objects.create(person=cast.ines, site=cast.county, role="administrator")
    client = Client()
    client.force_login(cast.ines)
    return client


@pytest.fixture
def warm(db, tmp_path):
    return Volume.objects.create(
        name="warm",
        url=f"file://{tmp_path / 'warm'}",
        tier="warm",
        created_at=clock.now(),
        capacity_bytes=1000,
    )


@pytest.fixture
def study(cast):
    return store_ct(cast.county).study


def fill(cast, volume, count):
    """Many rows on every page."""
    now = clock.now()
    segments = Segment.objects.bulk_create(
        Segment(
            key=f"series/{number:02x}/{number:032x}", site=cast.county, size_bytes=1000, created_at=now,
            sealed_at=now, series_instance_uid=f"1.2.{number}", study_instance_uid="1.2",
        )
        for number in range(count)
    )  # fmt: skip
    SegmentCopy.objects.bulk_create(
        SegmentCopy(
            segment=segment, volume=volume, state="copying", bytes_done=250, changed_at=now, next_at=now,
            problem="STORAGE_FULL",
        )
        for segment in segments
    )  # fmt: skip
    ScrubFinding.objects.bulk_create(
        ScrubFinding(
            segment=segment, volume=volume, storage_key=segment.key, code="DIGEST_DIFFERS", found_at=now
        )
        for segment in segments
    )
    LegalHold.objects.bulk_create(
        LegalHold(
            study_instance_uid=f"1.3.{number}",
            site=cast.county,
            reason="Court",
            placed_at=now,
            placed_by=cast.ines,
        )
        for number in range(count)
    )


@pytest.mark.parametrize("page", PAGES)
def test_otto_and_rosa_do_not_find_the_pages(cast, page):
    for person in (cast.otto, cast.rosa, cast.ivo):
        client = Client()
        client.force_login(person)
        assert client.get(f"/storage/{page}").status_code == 404


@pytest.mark.parametrize("page", PAGES)
def test_every_page_opens_empty_and_full_and_costs_few_statements(cast, ines, warm, page):
    assert ines.get(f"/storage/{page}").status_code == 200
    fill(cast, warm, 60)
    with CaptureQueriesContext(connection) as queries:
        answer = ines.get(f"/storage/{page}")
    assert answer.status_code == 200
    own = [query for query in queries if "django_session" not in query["sql"]]
    assert len(own) <= 10, len(own)  # the shell around the page included


def test_volumes_show_what_they_hold(ines, warm, study):
    count_usage()
    text = ines.get("/storage/").content.decode()

    assert "new images arrive here" in text
    assert default_volume().url in text
    assert "County Hospital" in text


def test_a_volume_that_nobody_counted_is_not_said_to_hold_nothing(clock, ines, study):
    before = ines.get("/storage/").content.decode()
    assert "not counted yet" in before
    assert "0\xa0bytes" not in before.split("<tbody>")[1].split("</tbody>")[0]

    clock.advance(dt.timedelta(minutes=1))
    count_usage()
    after = ines.get("/storage/").content.decode()
    assert "not counted yet" not in after
    assert "What is held was counted" in after


def test_a_reader_of_chinese_finds_sites_and_refusals_in_chinese(cast, study, browser_of):
    count_usage()
    Membership.objects.create(person=cast.ines, site=cast.county, role="administrator")
    chinese = browser_of(cast.ines, language="zh-hans")

    assert cast.county.name_zh in chinese.get("/storage/").content.decode()
    answer = chinese.post("/storage/holds/place/", {"study": study.study_instance_uid}, follow=True)
    assert "请说明依法保留该检查的原因。" in answer.content.decode()


def test_a_volume_is_added_after_it_was_tried_and_emptied_again(ines, tmp_path):
    ines.post("/storage/volumes/", {"name": "cold", "url": f"file://{tmp_path / 'cold'}", "tier": "cold"})
    cold = Volume.objects.get(name="cold")
    assert (cold.tier, cold.state) == ("cold", "online")

    ines.post("/storage/volumes/cold/state/", {"state": "draining"})
    cold.refresh_from_db()
    assert cold.state == "draining"

    answer = ines.post(
        "/storage/volumes/", {"name": "gone", "url": "gopher://hole", "tier": "cold"}, follow=True
    )
    assert "gopher" in answer.content.decode()
    assert not Volume.objects.filter(name="gone").exists()


def test_the_volume_new_images_arrive_on_stays_in_use(ines):
    home = default_volume()
    answer = ines.post(f"/storage/volumes/{home.name}/state/", {"state": "offline"}, follow=True)

    assert "stays in use" in answer.content.decode()
    home.refresh_from_db()
    assert home.state == "online"


def test_rules_are_added_and_removed_and_a_bad_one_keeps_what_was_typed(ines, cast):
    typed = {"kind": "placement", "name": "Thin CT", "position": "5", "site": "county", "modality": "ct",
             "is_thin_slice": "yes", "older_than_days": "30", "tier": "warm", "copies": "2"}  # fmt: skip
    assert ines.post("/storage/rules/", typed).status_code == 302
    rule = PlacementRule.objects.get()
    assert (rule.modality, rule.is_thin_slice, rule.is_derived, rule.copies) == ("CT", True, None, 2)

    answer = ines.post("/storage/rules/", {**typed, "copies": "9"})
    assert answer.status_code == 422
    assert "Copies: A rule asks for one to four copies." in answer.content.decode()
    assert 'value="9"' in answer.content.decode()

    assert (
        ines.post("/storage/rules/", {"kind": "retention", "name": "Old", "keep_days": "x"}).status_code
        == 422
    )
    ines.post("/storage/rules/", {"kind": "retention", "name": "Old", "keep_days": "3650"})
    assert RetentionRule.objects.get().keep_days == 3650
    ines.post(f"/storage/rules/placement/{rule.pk}/remove/")
    assert not PlacementRule.objects.exists()


def test_a_failed_copy_is_tried_again(cast, ines, warm):
    fill(cast, warm, 1)
    SegmentCopy.objects.update(attempts=4, next_at=clock.now() + dt.timedelta(hours=1))
    assert "The volume is full." in ines.get("/storage/moves/").content.decode()

    ines.post(f"/storage/moves/{SegmentCopy.objects.get().pk}/try-again/")

    copy = SegmentCopy.objects.get()
    assert copy.attempts == 0
    assert copy.next_at
    assert copy.next_at <= clock.now()


def test_a_study_is_moved_by_hand(ines, study, warm):
    ines.post("/storage/moves/study/", {"study": study.study_instance_uid, "tier": "warm"})
    assert TierChoice.objects.get().tier == "warm"
    ines.post("/storage/moves/study/", {"study": study.study_instance_uid, "tier": ""})
    assert not TierChoice.objects.exists()


def test_a_quota_is_set_and_lifted(cast, ines):
    ines.post("/storage/quotas/", {"site": "county", "gigabytes": "500"})
    assert SiteQuota.objects.get().limit_bytes == 500 * 10**9
    ines.post("/storage/quotas/", {"site": "county", "gigabytes": ""})
    assert not SiteQuota.objects.exists()
    assert ines.post("/storage/quotas/", {"site": "elsewhere", "gigabytes": "1"}).status_code == 404


def test_a_study_is_deleted_brought_back_and_held(ines, study):
    uid = study.study_instance_uid
    ines.post("/storage/deletions/", {"study": uid, "reason": "Wrong hospital"})
    assert not Study.objects.filter(study_instance_uid=uid).exists()

    page = ines.get("/storage/holds/").content.decode()
    assert "Bring the study back" in page
    undo = page.partition("/storage/deletions/")[2].partition("/undo/")[0]
    ines.post(f"/storage/deletions/{undo}/undo/")
    assert Study.objects.filter(study_instance_uid=uid).exists()

    ines.post("/storage/holds/place/", {"study": uid, "reason": "Court case"})
    answer = ines.post("/storage/deletions/", {"study": uid, "reason": "Wrong hospital"}, follow=True)
    assert "legal hold" in answer.content.decode()
    ines.post(f"/storage/holds/{LegalHold.objects.get().pk}/release/")
    assert LegalHold.objects.get(released_by__username="ines").released_at


def test_holds_and_deletions_of_other_sites_are_not_shown(cast, ines, study):
    place_hold(study.study_instance_uid, reason="Court case", actor=cast.ines)
    Membership.objects.create(person=cast.otto, site=cast.elsewhere, role="administrator")
    otto = Client()
    otto.force_login(cast.otto)

    assert study.study_instance_uid not in otto.get("/storage/holds/").content.decode()
    assert study.study_instance_uid in ines.get("/storage/holds/").content.decode()
    with pytest.raises(Exception, match="no such study"):
        delete_study(study.study_instance_uid, reason="Not his", actor=cast.otto)
