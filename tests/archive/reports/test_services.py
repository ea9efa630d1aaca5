from __future__ import annotations

import pytest

from accounts.models import AuditEvent
from accounts.services import grant_studies
from archive.orders.models import Order
from archive.reports.models import Report
from archive.reports.selectors import visible_reports
from archive.reports.services import digest_of, sign_report
from archive.studies.models import Study
from common.errors import Conflict, InvalidInput, NotFound, NotPermitted
from events import services as events
from events.delivery import deliver
from tests.archive.orders.orders import place_order
from tests.bulletins import deliveries
from tests.personas import Cast


@pytest.fixture
def study(cast: Cast) -> Study:
    """A study of the county hospital, granted to Rosa at the provincial one."""
    order = place_order(cast)
    grant_studies([order.study_instance_uid], cause="case:1", person=cast.rosa)
    return Study.objects.create(
        study_instance_uid=order.study_instance_uid,
        site=cast.county,
        patient=order.patient,
        order=order,
        received_at=order.received_at,
        trace_id=order.trace_id,
    )


def sign(study: Study, author, **changes: object) -> Report:
    text: dict[str, object] = {
        "findings": "结节 8 mm",
        "impression": "Follow up in 3 months",
        "cause": "task:1",
    }
    return sign_report(study=study, author=author, **(text | changes))  # type: ignore[arg-type]


def test_a_signed_report_is_final_sealed_audited_and_its_order_reported(cast, study, monkeypatch):
    news: list[events.Event] = []
    monkeypatch.setattr(events, "_every_event", {})
    monkeypatch.setattr(events, "_subscribers", {})
    events.subscribe("ReportSigned", subscriber="tests", handler=news.append)

    report = sign(study, cast.rosa)

    for row in deliveries(name="ReportSigned"):
        deliver(row.pk)
    assert report.status == Report.Status.FINAL
    assert report.digest == digest_of(report)
    assert Order.objects.get().status == Order.Status.REPORTED
    assert AuditEvent.objects.get(action="report.signed").study_instance_uid == study.study_instance_uid
    (signed,) = news
    assert signed.subjects == {
        "report": str(report.uid),
        "study": study.study_instance_uid,
        "patient": str(study.patient.uid),
        "order": str(study.order.uid),
    }
    assert report.trace_id == study.trace_id


def test_a_changed_word_breaks_the_seal(cast, study):
    report = sign(study, cast.rosa)
    report.impression = "Nothing"
    assert digest_of(report) != report.digest


def test_signing_twice_for_one_task_gives_one_report_but_never_swallows_other_words(cast, study):
    assert sign(study, cast.rosa) == sign(study, cast.rosa)
    with pytest.raises(Conflict):
        sign(study, cast.rosa, impression="Something else")
    assert Report.objects.count() == 1


@pytest.mark.parametrize(("field", "sentence"), [
    ("impression", "Impression is required."),
    ("findings", "Findings are required."),
])  # fmt: skip
def test_a_report_without_its_essence_is_refused_in_a_clear_sentence(cast, study, field, sentence):
    with pytest.raises(InvalidInput) as refusal:
        sign(study, cast.rosa, **{field: "  \n"})
    assert refusal.value.fields == {field: sentence}
    assert not Report.objects.exists()


def test_the_referrer_may_read_the_study_but_not_report_it(cast, study):
    with pytest.raises(NotPermitted):
        sign(study, cast.rafael)


def test_for_a_radiologist_without_business_here_the_study_does_not_exist(cast, study):
    with pytest.raises(NotFound):
        sign(study, cast.otto)


def test_a_report_is_read_at_the_studys_site_and_by_its_author_and_by_nobody_else(cast, study):
    report = sign(study, cast.rosa)
    assert list(visible_reports(cast.rafael)) == [report]
    assert list(visible_reports(cast.rosa)) == [report]
    assert not visible_reports(cast.otto).exists()
    assert not visible_reports(cast.carla).exists()
