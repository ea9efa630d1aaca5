"""What routing could not do is seen by people: on the pages of routing and over REST."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.urls import reverse

from common import clock as time
from integrations.routing.defaults import ensure_defaults
from integrations.routing.models import Destination, RoutingDecision, RoutingTable
from integrations.routing.selectors import decisions_to_mend
from integrations.routing.services import route_series
from tests.integrations.routing.conftest import make_series  # noqa: F401 - fixture

DISABLED = {"code": "DESTINATION_DISABLED", "detail": "As written down", "rows": [2], "for": "reading"}


@pytest.fixture
def region(cast):
    ensure_defaults()
    return cast


@pytest.fixture
def decide(region):
    def decide(number: int, *problems: dict[str, Any], site=None, days: int = 0) -> RoutingDecision:
        return RoutingDecision.objects.create(
            series_instance_uid=f"2.25.{number}", study_instance_uid="2.25.7", site=site or region.county,
            version=RoutingTable.objects.get(site=None).versions.get(), event="SeriesComplete",
            decided_at=time.now() - dt.timedelta(days=days), problems=list(problems),
            trace_id="00000000-0000-0000-0000-000000000000",
        )  # fmt: skip

    return decide


def test_a_series_whose_destination_is_off_is_listed_until_it_is_routed(region, browser_of, make_series):  # noqa: F811
    Destination.objects.update(is_enabled=False)
    series = make_series()
    route_series(series)
    browser = browser_of(region.ivo)

    page = browser.get(reverse("routing-attention")).content.decode()
    assert series.series_instance_uid in page
    assert "The destination is switched off." in page
    assert "DESTINATION_DISABLED" in page
    assert "For 1 series not all could be done" in browser.get(reverse("routing")).content.decode()

    Destination.objects.update(is_enabled=True)
    route_series(series)
    assert "Everything could be done" in browser.get(reverse("routing-attention")).content.decode()
    assert "not all could be done" not in browser.get(reverse("routing")).content.decode()


def test_a_problem_without_words_of_its_own_speaks_as_it_was_written(region, decide, browser_of):
    decide(1, {"code": "NEVER_SEEN", "detail": "Something new."})

    page = browser_of(region.ivo).get(reverse("routing-attention")).content.decode()

    assert page.count("Something new.") == 1
    assert "NEVER_SEEN" in page


def test_only_the_latest_decision_of_the_last_weeks_counts(region, decide):
    decide(1, DISABLED)
    decide(1)
    decide(2)
    decide(3, DISABLED, days=31)
    decide(4)
    latest = decide(4, DISABLED)

    assert list(decisions_to_mend(region.ivo)) == [latest]


def test_a_list_of_fifty_takes_few_statements(region, decide, browser_of, django_assert_max_num_queries):
    for number in range(60):
        decide(number, DISABLED, {**DISABLED, "for": "post-processing"})
    browser = browser_of(region.ivo)

    with django_assert_max_num_queries(8):
        page = browser.get(reverse("routing-attention"))
    with django_assert_max_num_queries(8):
        browser.get(reverse("routing"))

    assert len(page.context["rows"]) == 50
    assert page.context["count"] == 60


def test_who_manages_routing_reads_why_without_seeing_the_study(region, browser_of, make_series):  # noqa: F811
    series = make_series()
    route_series(series)
    address = reverse("routing-series", args=[series.series_instance_uid])

    page = browser_of(region.ivo).get(address).content.decode()

    assert "Table Region, version 1" in page
    assert "Thin slices are for post-processing." in page
    assert "Hua" not in page
    assert reverse("study", args=[series.study.study_instance_uid]) not in page
    assert browser_of(region.otto).get(address).status_code == 404
    assert browser_of(region.ivo).get(reverse("routing-series", args=["2.25.404"])).status_code == 404


def test_managers_see_it_and_others_do_not(region, decide, browser_of):
    decide(1, DISABLED)

    for person in (region.otto, region.theo, region.rosa):
        assert browser_of(person).get(reverse("routing-attention")).status_code == 404
        assert not decisions_to_mend(person).exists()
