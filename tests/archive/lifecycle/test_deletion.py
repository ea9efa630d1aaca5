"""Deletion with a reason and an undo period, legal holds, retention by rule, and quotas at the door."""

import datetime as dt

import pytest

from accounts.models import AuditEvent, Membership
from archive.lifecycle import quotas
from archive.lifecycle.deletion import delete_study, purge_withdrawn
from archive.lifecycle.holds import place_hold, release_hold
from archive.lifecycle.purging import purge_due, remove_due
from archive.lifecycle.quotas import check_quota, count_quotas, lift_quota, set_quota, used_bytes
from archive.lifecycle.retention import expire_series
from archive.lifecycle.services import save_retention_rule
from archive.storage.models import Segment
from archive.storage.objects import object_exists
from archive.studies.corrections.withdrawal import restore_instances
from archive.studies.models import Instance, Series, Study, WithdrawnInstance
from common.errors import Conflict, InvalidInput, NotFound, NotPermitted, Unavailable
from events.services import subscribe
from tests.archive.lifecycle.conftest import bytes_of
from tests.bulletins import deliveries

DAY = dt.timedelta(days=1)


@pytest.fixture
def ines(cast):
    """Ines, who looks after the county's storage too."""
    Membership.objects.create(person=cast.ines, site=cast.county, role="administrator")
    return cast.ines


def purge(clock):
    purge_withdrawn()
    for _ in range(2):
        purge_due()
        clock.advance(dt.timedelta(hours=2))
        remove_due()


def test_a_deleted_study_is_out_of_sight_and_can_be_brought_back(clock, ines, store_series):
    series = store_series()
    before = bytes_of(series)
    uid = series.study.study_instance_uid

    correction = delete_study(uid, reason="Sent to the wrong hospital", actor=ines)

    assert not Study.objects.filter(study_instance_uid=uid).exists()
    assert AuditEvent.objects.filter(action="study.deleted", object_uid=uid, person=ines).count() == 1
    clock.advance(6 * DAY)
    purge(clock)
    restore_instances(correction, actor=ines)
    assert bytes_of(Series.objects.get()) == before


def test_after_the_undo_period_the_bytes_are_gone_and_that_is_told(clock, ines, store_series):
    series = store_series()
    keys = list(series.instances.values_list("storage_key", flat=True))
    uid = series.study.study_instance_uid
    correction = delete_study(uid, reason="Test study", actor=ines)

    clock.advance(8 * DAY)
    purge(clock)

    assert not any(object_exists(key) for key in keys)
    assert not Segment.objects.exists()
    assert WithdrawnInstance.objects.filter(purged_at=None).count() == 0
    assert AuditEvent.objects.get(action="instances.purged").detail["instances"] == len(keys)
    with pytest.raises(Conflict, match="Nothing is left"):
        restore_instances(correction, actor=ines)


def test_deleting_needs_the_privilege_and_a_reason(cast, ines, store_series):
    uid = store_series().study.study_instance_uid

    with pytest.raises(NotFound):
        delete_study(uid, reason="curious", actor=cast.otto)
    with pytest.raises(InvalidInput):
        delete_study(uid, reason="  ", actor=ines)
    assert Study.objects.filter(study_instance_uid=uid).exists()


def test_a_legal_hold_stops_deletion_retention_and_purge(clock, cast, ines, store_series):
    series = store_series()
    uid = series.study.study_instance_uid
    correction = delete_study(uid, reason="Too early", actor=ines)
    restore_instances(correction, actor=ines)
    hold = place_hold(uid, reason="Court case 12/2026", actor=ines)
    save_retention_rule(name="CT", modality="CT", keep_days=1, actor=ines)

    with pytest.raises(Conflict) as refused:
        delete_study(uid, reason="Not wanted", actor=ines)
    assert refused.value.code == "LEGAL_HOLD"
    with pytest.raises(Conflict):
        place_hold(uid, reason="Once more", actor=ines)
    clock.advance(30 * DAY)
    assert expire_series() == 0

    with pytest.raises(NotFound):
        release_hold(hold.pk, actor=cast.otto)
    release_hold(hold.pk, actor=ines)
    assert expire_series() == 1
    assert Instance.objects.count() == 0
    hold = place_hold_on_withdrawn(uid, ines)
    clock.advance(30 * DAY)
    purge(clock)
    assert WithdrawnInstance.objects.filter(purged_at=None).count() == 5
    release_hold(hold.pk, actor=ines)
    purge(clock)
    assert WithdrawnInstance.objects.filter(purged_at=None).count() == 0


def place_hold_on_withdrawn(uid, actor):
    """A hold on a study that is out of sight: the series that expired is still there to be saved."""
    return place_hold(uid, reason="Found in time", actor=actor)


def test_retention_follows_the_first_rule_that_fits(clock, cast, ines, store_series):
    derived = store_series(name="derived")
    Series.objects.filter(pk=derived.pk).update(is_derived=True)
    kept = store_series(name="kept")
    save_retention_rule(name="Derived", position=1, is_derived=True, keep_days=10, actor=ines)
    save_retention_rule(name="CT for ever", position=2, modality="CT", keep_days=0, actor=ines)
    save_retention_rule(name="Everything", position=3, keep_days=5, actor=ines)

    clock.advance(9 * DAY)
    assert expire_series() == 0
    clock.advance(2 * DAY)
    assert expire_series() == 1

    assert list(Series.objects.values_list("pk", flat=True)) == [kept.pk]
    assert set(WithdrawnInstance.objects.values_list("reason", flat=True)) == {"113039"}


def test_retention_goes_round_a_few_series_at_a_time(clock, cast, ines, store_series):
    for number in range(5):
        store_series(name=f"series {number}", slices=1)
    save_retention_rule(name="Everything", keep_days=1, actor=ines)
    clock.advance(2 * DAY)

    assert [expire_series(limit=2) for _ in range(3)] == [2, 2, 1]


def test_a_site_at_its_quota_is_asked_to_try_later_and_others_store_on(cast, ines, store_series):
    store_series(slices=2)
    used = used_bytes(cast.county)
    assert used == sum(Instance.objects.values_list("size_bytes", flat=True))

    set_quota(cast.county, limit_bytes=used + 10, actor=ines)
    check_quota(cast.county, 10)
    with pytest.raises(Unavailable) as refused:
        check_quota(cast.county, 1)
    assert refused.value.code == "STORAGE_QUOTA"
    assert not refused.value.permanent
    check_quota(cast.provincial, 10**12)

    quotas.forget_quotas()
    with pytest.raises(Unavailable):
        store_series(name="more", slices=1)
    lift_quota(cast.county, actor=ines)
    store_series(name="more", slices=1)


def test_the_quota_costs_one_statement_in_ten_seconds(cast, ines, store_series, django_assert_num_queries):
    set_quota(cast.county, limit_bytes=10**9, actor=ines)
    with django_assert_num_queries(1):
        for _ in range(100):
            check_quota(cast.county, 1000)


def test_quota_warnings_are_told_once_a_mark(cast, ines, store_series):
    subscribe("StorageQuotaNear", subscriber="test.quota", handler=lambda _event: None)
    store_series(slices=4)
    used = used_bytes(cast.county)

    def told():
        return deliveries(name="StorageQuotaNear", subscriber="test.quota").count()

    set_quota(cast.county, limit_bytes=2 * used, actor=ines)
    assert told() == 0
    set_quota(cast.county, limit_bytes=used * 100 // 85, actor=ines)
    count_quotas()
    assert told() == 1
    set_quota(cast.county, limit_bytes=used * 100 // 96, actor=ines)
    assert told() == 2


def test_who_does_not_look_after_a_site_sets_no_quota_for_it(cast):
    with pytest.raises(NotPermitted):
        set_quota(cast.county, limit_bytes=1, actor=cast.otto)
    with pytest.raises(NotPermitted):
        set_quota(cast.county, limit_bytes=1, actor=cast.ines)  # hers is another site
