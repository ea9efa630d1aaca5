"""What monitoring reads: only where it may, in the form it knows, counted right, and nothing of a patient."""

from __future__ import annotations

import os
import re

import pytest
from django.test import Client

from archive.mpi.models import Patient
from archive.studies.models import Study
from archive.studies.services import store_part10
from common import clock as product_clock
from config.metrics.exposition import Kind, Metric, Sample, exposed
from config.metrics.requests import count, request_metrics
from integrations.dicom.models import ApplicationEntity, NodeHealth
from tests.archive.lifecycle.conftest import MODALITY
from tests.archive.studies.objects import ct_slice, part10

pytestmark = pytest.mark.django_db
LINE = re.compile(r'[a-z_0-9]+(\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\})? [0-9.e+-]+')


def test_a_scrape_from_this_machine_gets_lines_that_prometheus_reads(client: Client, cast):
    store_part10(part10(ct_slice(1)), site=cast.county, actor=MODALITY)
    node = ApplicationEntity.objects.create(ae_title='OLD"PACS', site=cast.county)
    NodeHealth.objects.create(node=node, failures=3, opened_at=product_clock.now())

    answer = client.get("/metrics")

    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert "no-store" in answer.headers["Cache-Control"]
    text = answer.content.decode()
    for line in text.splitlines():
        assert line.startswith(("# HELP ", "# TYPE ")) or LINE.fullmatch(line.replace(r"\"", "")), line
    assert 'consilium_node_breaker_open{node="OLD\\"PACS"} 1' in text
    assert "consilium_deliveries_dead 0" in text
    patient, study = Patient.objects.get(), Study.objects.get()
    for secret in (patient.family_name, patient.given_name, "P1", study.study_instance_uid, "19600101"):
        assert secret not in text


@pytest.mark.parametrize(
    ("token", "address", "told", "status"),
    [
        ("", "127.0.0.1", "", 200),
        ("", "::1", "", 200),
        ("", "10.0.0.7", "", 404),
        ("", "", "", 404),
        ("quite-secret", "10.0.0.7", "Bearer quite-secret", 200),
        ("quite-secret", "10.0.0.7", "Bearer other", 404),
        ("quite-secret", "127.0.0.1", "", 404),
    ],
)
def test_only_who_may_reads_it(client: Client, settings, token, address, told, status):
    settings.METRICS_TOKEN = token

    answer = client.get("/metrics", REMOTE_ADDR=address, headers={"Authorization": told} if told else {})

    assert answer.status_code == status


def test_a_caller_behind_the_front_door_is_not_of_this_machine(client: Client):
    assert client.get("/metrics", headers={"X-Forwarded-For": "203.0.113.9"}).status_code == 404


def test_it_asks_a_dozen_quick_statements_however_much_there_is(
    client: Client, django_assert_max_num_queries
):
    with django_assert_max_num_queries(18):
        client.get("/metrics")


def counted(name: str, **labels: str) -> float:
    return sum(
        sample.value
        for metric in request_metrics()
        for sample in metric.samples
        if metric.name + sample.suffix == name and labels.items() <= sample.labels.items()
    )


def test_requests_of_all_processes_are_counted_together():
    """A forked process counts into the same memory, in a row of its own."""
    before = counted("consilium_http_request_duration_seconds_count", kind="dicomweb")
    fast = counted("consilium_http_request_duration_seconds_bucket", kind="dicomweb", le="0.1")
    refused = counted("consilium_http_requests_total", kind="dicomweb", status="4xx")

    child = os.fork()
    if child == 0:
        count("/dicomweb/studies", 200, 0.02)
        os._exit(0)
    os.waitpid(child, 0)
    count("/dicomweb/studies", 404, 7.0)

    assert counted("consilium_http_request_duration_seconds_count", kind="dicomweb") == before + 2
    assert counted("consilium_http_request_duration_seconds_bucket", kind="dicomweb", le="0.1") == fast + 1
    assert counted("consilium_http_requests_total", kind="dicomweb", status="4xx") == refused + 1


def test_an_answered_request_is_counted_by_its_kind_and_status(client: Client):
    before = counted("consilium_http_requests_total", kind="page", status="2xx")

    client.get("/healthz")

    assert counted("consilium_http_requests_total", kind="page", status="2xx") == before + 1


def test_samples_are_written_with_their_labels_escaped():
    metric = Metric("x_total", Kind.COUNTER, "Things.", (Sample(2, {"name": 'a"\\\n'}), Sample(0.5)))

    assert exposed([metric]) == (
        '# HELP x_total Things.\n# TYPE x_total counter\nx_total{name="a\\"\\\\\\n"} 2\nx_total 0.5\n'
    )
