"""Rows that start processes, ask for templates, or wait for a signed report."""

from __future__ import annotations

import uuid

import pytest

from archive.studies.models import Series
from common.errors import NotFound
from compute.models import Job
from events import services as events
from events.delivery import deliver
from integrations.routing.models import Delivery, RoutingDecision
from integrations.routing.services import route_series
from integrations.routing.subscribers import on_report_signed
from tests.bulletins import deliveries as told_events
from tests.integrations.routing.conftest import SYSTEM
from tests.integrations.routing.tables import routing_table
from tests.portal.one_step_process import import_one_step
from workflows.models import ProcessInstance
from workflows.service_tasks import TaskContext, find_operator

pytestmark = pytest.mark.django_db


@pytest.fixture
def second_look(tmp_path) -> None:
    import_one_step(tmp_path)


def reported(series: Series) -> events.Event:
    uid = events.publish("ReportSigned", {}, subjects={"study": series.study.study_instance_uid})
    row = told_events(event_uid=uid).first()
    assert row is not None
    return events.Event(uid, row.name, row.payload, row.trace_id)


def test_rows_for_reported_studies_wait_for_the_report(put_in_force, folder_destination, make_series):
    folder_destination("archive")
    put_in_force(
        routing_table(
            ["event"], ["destination"], ['"ReportSigned"', '"archive"', "Reported studies are kept."]
        )
    )
    first, second = make_series(2, series="a"), make_series(3, series="b")
    other = make_series(1, study="other")
    for series in (first, second, other):
        route_series(series)
    assert not Delivery.objects.exists()

    on_report_signed(reported(first))

    sent = set(Delivery.objects.values_list("series_instance_uid", flat=True))
    assert sent == {first.series_instance_uid, second.series_instance_uid}
    assert Delivery.objects.count() == 5


def test_a_template_a_row_asks_for_becomes_one_job(put_in_force, make_series):
    put_in_force(routing_table(["is_thin_slice"], ["template"], ["true", '"ct_overview"']))
    series = make_series(40, spacing=1.0)
    route_series(series)
    asked = told_events(name="TemplateRequested", subscriber="compute.run_template").get()

    assert deliver(asked.pk)
    assert not deliver(asked.pk)

    job = Job.objects.get()
    assert (job.template_key, job.series_instance_uid) == ("ct_overview", series.series_instance_uid)


def test_a_template_that_does_not_fit_the_series_is_left(put_in_force, make_series):
    put_in_force(routing_table(["modality"], ["template"], ["-", '"ct_overview"']))
    route_series(make_series(1))
    asked = told_events(name="TemplateRequested", subscriber="compute.run_template").get()

    assert deliver(asked.pk)

    assert not Job.objects.exists()


def test_a_diagram_sends_a_study_as_a_step(folder_destination, make_series):
    folder_destination("files")
    series = make_series(3)
    study = series.study.study_instance_uid
    context = TaskContext(
        uuid.uuid4(), uuid.uuid4(), "Send", series.study.trace_id, "county", {"study": study}, 1, SYSTEM
    )
    operator = find_operator("routing.send_study")
    assert operator is not None

    said = operator.handler(context, study_instance_uid=study, destination="files")
    again = operator.handler(context, study_instance_uid=study, destination="files")

    assert said == {"queued": 3, "destinations": ["files"]}
    assert again == {"queued": 0, "destinations": ["files"]}
    with pytest.raises(NotFound):
        operator.handler(context, study_instance_uid=study, destination="nowhere")


def test_a_process_a_row_names_is_started_once_for_a_series(put_in_force, make_series, second_look):
    put_in_force(routing_table(["modality"], ["process"], ['"CT"', '"SecondLook"']))
    series = make_series(2)

    route_series(series)
    route_series(series)

    case = ProcessInstance.objects.get()
    assert case.definition.key == "SecondLook"
    assert {decision.actions[0]["case"] for decision in RoutingDecision.objects.all()} == {str(case.uid)}
