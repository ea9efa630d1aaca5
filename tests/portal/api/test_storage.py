"""Storage by REST: what the pages do, for who looks after it."""

import pytest

from accounts.models import Membership
from archive.lifecycle.volumes import default_volume
from archive.storage.models import Segment, SegmentCopy
from common import clock

LISTS = ["volumes", "storage-copies", "storage-findings", "placement-rules", "retention-rules", "storage-quotas",
         "legal-holds", "deletions", "volumes/usage", "volumes/scrub-state", "volumes/clusters"]  # fmt: skip


@pytest.fixture
def ines(cast, as_person):
    Membership.objects.create(person=cast.ines, site=cast.county, role="administrator")
    return as_person(cast.ines)


@pytest.mark.parametrize("name", LISTS)
def test_lists_are_for_who_looks_after_storage(cast, ines, as_person, name):
    assert ines.get(f"/api/{name}/").status_code == 200
    assert as_person(cast.otto).get(f"/api/{name}/").status_code == 403


def test_a_volume_is_added_emptied_and_read_again(ines, tmp_path):
    url = f"file://{tmp_path / 'cold'}"
    made = ines.post("/api/volumes/", {"name": "cold", "url": url, "tier": "cold"}, format="json")
    assert (made.status_code, made.data["state"]) == (201, "online")
    assert (
        ines.post("/api/volumes/cold/state/", {"state": "draining"}, format="json").data["state"]
        == "draining"
    )
    assert ines.post("/api/volumes/cold/scrub/").status_code == 202
    home = default_volume().name
    refused = ines.post(f"/api/volumes/{home}/state/", {"state": "offline"}, format="json")
    assert (refused.status_code, refused.data["code"]) == (409, "VOLUME_IN_USE")
    secret = {"name": "s", "url": "s3://key:secret@bucket", "tier": "cold"}
    assert ines.post("/api/volumes/", secret, format="json").data["code"] == "STORAGE_SECRET"


def test_rules_are_made_changed_and_removed(ines):
    made = ines.post(
        "/api/placement-rules/",
        {"name": "Thin", "is_thin_slice": True, "tier": "warm", "site": "county"},
        format="json",
    )
    assert (made.status_code, made.data["copies"], made.data["site"]) == (201, 1, "county")
    path = f"/api/placement-rules/{made.data['id']}/"
    assert ines.patch(path, {"copies": 2}, format="json").data["copies"] == 2
    assert ines.patch(path, {"copies": 9}, format="json").data["code"] == "BAD_RULE"
    assert ines.delete(path).status_code == 204
    assert (
        ines.post("/api/retention-rules/", {"name": "All", "keep_days": 10}, format="json").status_code == 201
    )


def test_copies_in_work_are_followed_and_tried_again(ines):
    now = clock.now()
    segment = Segment.objects.create(
        key="series/aa/" + "a" * 32, size_bytes=100, created_at=now, sealed_at=now
    )
    copy = SegmentCopy.objects.create(
        segment=segment, volume=default_volume(), state="copying", bytes_done=40, problem="STORAGE_FULL",
        changed_at=now, next_at=now, attempts=3,
    )  # fmt: skip
    row = ines.get("/api/storage-copies/?state=copying").data["results"][0]
    assert (row["bytes_done"], row["size_bytes"], row["problem"]) == (40, 100, "STORAGE_FULL")
    assert ines.post(f"/api/storage-copies/{copy.pk}/try-again/").data["attempts"] == 0


def test_a_study_is_moved_and_left_to_the_rules_again(ines, as_person, cast, series):
    uid = series.study.study_instance_uid
    made = ines.post("/api/tier-choices/", {"study_instance_uid": uid, "tier": "warm"}, format="json")
    assert (made.status_code, made.data["tier"], made.data["chosen_by"]) == (201, "warm", "ines")
    again = ines.post("/api/tier-choices/", {"study_instance_uid": uid, "tier": "cold"}, format="json")
    assert (again.status_code, again.data["tier"]) == (201, "cold")
    refused = as_person(cast.otto).post(
        "/api/tier-choices/", {"study_instance_uid": uid, "tier": "cold"}, format="json"
    )
    assert refused.status_code == 404
    assert ines.delete(f"/api/tier-choices/{uid}/").status_code == 204
    assert ines.get("/api/tier-choices/").data["results"] == []


def test_quotas_holds_and_deletions(ines, series):
    uid = series.study.study_instance_uid
    assert ines.put("/api/storage-quotas/county/", {"limit_bytes": 10**12}, format="json").status_code == 200
    assert ines.delete("/api/storage-quotas/county/").status_code == 204
    body = {"study_instance_uid": uid, "reason": "Court case"}
    held = ines.post("/api/legal-holds/", body, format="json")
    assert held.status_code == 201
    assert ines.post("/api/deletions/", body, format="json").data["code"] == "LEGAL_HOLD"
    assert ines.post(f"/api/legal-holds/{held.data['id']}/release/").data["released_by"] == "ines"
    gone = ines.post("/api/deletions/", body, format="json")
    assert (gone.status_code, gone.data["can_be_undone"]) == (201, True)
    assert ines.post(f"/api/deletions/{gone.data['uid']}/undo/").data["undone_by"] == "ines"
    assert ines.post(f"/api/deletions/{gone.data['uid']}/undo/").status_code == 409
