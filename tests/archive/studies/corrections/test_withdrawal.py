"""Instances taken out of view and put back, beside ingest and when they are sent again."""

import datetime as dt
import threading

import pytest
from django.db import connection, transaction

from accounts.actors import SystemActor
from accounts.models import AuditEvent
from archive.studies.corrections.reasons import ReasonCode
from archive.studies.corrections.withdrawal import restore_instances, withdraw_instances
from archive.studies.judging import judge_receiving_series
from archive.studies.models import Instance, Series, Study, WithdrawnInstance
from archive.studies.selectors import visible_series, visible_studies
from archive.studies.services import store_part10
from common.errors import Conflict, NotFound
from common.uids import derived_uid
from events.services import subscribe
from tests.archive.studies.objects import ct_slice, part10
from tests.bulletins import deliveries

CT = SystemActor("dicom:CT1", "county")
SERIES = derived_uid("study", "series")


def store(cast, *numbers, **elements):
    return [store_part10(part10(ct_slice(n, **elements)), site=cast.county, actor=CT) for n in numbers]


def uids(*numbers):
    return [derived_uid("study", "series", number) for number in numbers]


@pytest.fixture
def study(cast, clock):
    store(cast, 1, 2, 3, 4, 5, 6)
    clock.advance(dt.timedelta(minutes=5))
    judge_receiving_series()
    return Study.objects.get()


def test_withdrawn_instances_are_no_longer_among_the_instances(cast, study):
    correction = withdraw_instances(
        sop_instance_uids=uids(4), reason=ReasonCode.QUALITY, actor=cast.theo, comment="moved"
    )

    assert Instance.objects.count() == 5
    gone = WithdrawnInstance.objects.get()
    assert (gone.sop_instance_uid, gone.reason, gone.correction) == (*uids(4), "113001", correction)
    assert (correction.instance_count, correction.made_by) == (1, "theo")


def test_the_series_is_measured_anew(study, cast):
    assert Series.objects.get().geometry["slices"] == 6

    withdraw_instances(sop_instance_uids=uids(2), reason=ReasonCode.QUALITY, actor=cast.theo)

    geometry = Series.objects.get().geometry
    assert (geometry["slices"], geometry["gaps"], geometry["missing_slices"]) == (5, 1, 1)


def test_a_study_with_nothing_left_is_out_of_sight_for_every_reader(study, cast):
    withdraw_instances(study=study, reason=ReasonCode.PATIENT_SAFETY, actor=cast.theo)

    assert not visible_studies(cast.theo).exists()
    assert not visible_series(cast.theo).exists()
    assert not Study.objects.exists()
    assert Study.all_objects.get().withdrawn_at is not None


def test_restoring_brings_back_the_very_same_rows(study, cast, clock):
    before = list(Instance.objects.order_by("pk").values())
    correction = withdraw_instances(study=study, reason=ReasonCode.QUALITY, actor=cast.theo)

    assert restore_instances(correction, actor=cast.theo) == 6

    assert list(Instance.objects.order_by("pk").values()) == before
    assert visible_studies(cast.theo).get() == study
    assert not WithdrawnInstance.objects.exists()
    assert Series.objects.get().completeness == Series.Completeness.RECEIVING


def test_what_was_purged_is_not_put_back(study, cast, clock):
    correction = withdraw_instances(study=study, reason=ReasonCode.RETENTION_EXPIRED, actor=cast.theo)
    WithdrawnInstance.objects.filter(sop_instance_uid__in=uids(1, 2)).update(purged_at=clock.now)

    assert restore_instances(correction, actor=cast.theo) == 4
    WithdrawnInstance.objects.update(purged_at=clock.now)
    with pytest.raises(Conflict, match="Nothing is left"):
        restore_instances(correction, actor=cast.theo)


@pytest.mark.parametrize(
    ("reason", "again"),
    [
        (ReasonCode.QUALITY, "ignored"),
        (ReasonCode.PATIENT_SAFETY, "refused"),
        (ReasonCode.WRONG_WORKLIST_ENTRY, "refused"),
        (ReasonCode.RETENTION_EXPIRED, "stored"),
        (ReasonCode.DELETED, "stored"),
    ],
)
@pytest.mark.parametrize("whole", [True, False], ids=["whole series", "one of six"])
def test_a_withdrawn_instance_sent_again(study, cast, reason, again, whole):
    named = {"study": study} if whole else {"sop_instance_uids": uids(1)}
    withdraw_instances(**named, reason=reason, actor=cast.theo)
    count = Instance.objects.count()

    if again == "refused":
        with pytest.raises(Conflict) as refusal:
            store(cast, 1)
        assert refusal.value.code == "REJECTED_BEFORE"
    else:
        (outcome,) = store(cast, 1)
        assert outcome.is_duplicate == (again == "ignored")

    assert Instance.objects.count() == count + (again == "stored")
    assert Study.objects.exists() == (not whole or again == "stored")


def test_a_new_instance_of_a_withdrawn_series_brings_it_back(study, cast):
    withdraw_instances(study=study, reason=ReasonCode.QUALITY, actor=cast.theo)

    store(cast, 9)

    series = Series.objects.get()
    assert (series.instances.count(), series.completeness) == (1, Series.Completeness.RECEIVING)
    assert Study.objects.exists()


def test_nothing_to_withdraw_is_told(study, cast):
    withdraw_instances(study=study, reason=ReasonCode.QUALITY, actor=cast.theo)

    with pytest.raises(NotFound):
        withdraw_instances(study=study, reason=ReasonCode.QUALITY, actor=cast.theo)
    with pytest.raises(NotFound):
        withdraw_instances(sop_instance_uids=["1.2.3"], reason=ReasonCode.QUALITY, actor=cast.theo)


def test_the_trail_and_the_news_tell_of_it_with_codes_only(study, cast):
    subscribe("InstancesWithdrawn", subscriber="tests.withdrawal", handler=lambda _event: None)

    withdraw_instances(study=study, reason=ReasonCode.QUALITY, actor=cast.theo, comment="Li Hua moved")

    line = AuditEvent.objects.get(action="instances.withdrawn")
    assert (line.person, line.detail["reason"], line.detail["instances"]) == (cast.theo, "113001", 6)
    payload = deliveries(subscriber="tests.withdrawal").get().payload
    assert payload["reason_code"] == "113001"
    assert payload["subjects"]["study"] == study.study_instance_uid
    assert "Li Hua" not in str(line.detail) + str(payload)


@pytest.mark.django_db(transaction=True)
def test_an_instance_on_its_way_in_is_withdrawn_with_the_others(cast):
    store(cast, 1)
    done = threading.Event()

    def withdraw():
        withdraw_instances(study=Study.objects.get(), reason=ReasonCode.QUALITY, actor=cast.theo)
        done.set()
        connection.close()

    thread = threading.Thread(target=withdraw)
    with transaction.atomic():
        store(cast, 2)
        thread.start()
        assert not done.wait(0.3), "the withdrawal must wait for the instance"
    thread.join(timeout=10)

    assert done.is_set()
    assert not Instance.objects.exists()
    assert WithdrawnInstance.objects.count() == 2
