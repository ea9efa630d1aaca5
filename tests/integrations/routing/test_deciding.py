"""What a table says becomes deliveries, once for each object and destination."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEvent
from archive.studies.fact_catalogue import FACTS
from archive.studies.facts import series_facts_for_routing
from common import clock
from events import services as events
from events.delivery import deliver
from integrations.dicom.models import ApplicationEntity
from integrations.routing.models import Delivery, Destination, Lane, RecordedFacts, RoutingDecision
from integrations.routing.selectors import explain
from integrations.routing.services import create_table, publish_table, route_series, save_draft
from tests.bulletins import deliveries as told_events
from tests.integrations.routing.conftest import SYSTEM
from tests.integrations.routing.tables import routing_table

pytestmark = pytest.mark.django_db


@pytest.fixture
def workstation(cast):
    return ApplicationEntity.objects.create(
        ae_title="POSTPROC",
        site=cast.provincial,
        roles=["storage_scp"],
        takes="thin",
        host="127.0.0.1",
        port=1,
    )


@pytest.fixture
def reading_room(cast):
    return ApplicationEntity.objects.create(
        ae_title="READING",
        site=cast.provincial,
        roles=["storage_scp"],
        takes="thick",
        host="127.0.0.1",
        port=2,
    )


def destinations_of(series) -> dict[str, int]:
    counted: dict[str, int] = {}
    for row in Delivery.objects.filter(series_instance_uid=series.series_instance_uid).select_related(
        "destination"
    ):
        title = row.destination.node.ae_title if row.destination.node else row.destination.key
        counted[title] = counted.get(title, 0) + 1
    return counted


def test_thin_series_go_to_the_post_processing_tier_and_others_to_reading(
    region, make_series, workstation, reading_room
):
    thin = make_series(4, study="a", spacing=0.8)
    thick = make_series(3, study="b", spacing=5.0)

    route_series(thin)
    route_series(thick)

    assert destinations_of(thin) == {"POSTPROC": 4}
    assert destinations_of(thick) == {"READING": 3}


def test_a_relabelled_slice_thickness_does_not_change_the_way(region, make_series, workstation, reading_room):
    says_thick = make_series(4, study="a", spacing=0.8, SliceThickness=10, SpacingBetweenSlices=10)
    says_thin = make_series(4, study="b", spacing=5.0, SliceThickness=0.5, SpacingBetweenSlices=0.5)

    route_series(says_thick)
    route_series(says_thin)

    assert destinations_of(says_thick) == {"POSTPROC": 4}
    assert destinations_of(says_thin) == {"READING": 4}


def test_news_of_a_whole_series_has_it_routed(region, make_series, workstation):
    series = make_series(2, spacing=1.0)

    for row in told_events(name="SeriesComplete", subscriber="routing.route_series"):
        assert deliver(row.pk)

    assert destinations_of(series) == {"POSTPROC": 2}
    assert RoutingDecision.objects.get().trace_id == series.study.trace_id


def test_late_instances_send_only_what_is_new(region, make_series, workstation):
    series = make_series(3)
    route_series(series)
    Delivery.objects.update(state="sent")

    series = make_series(2, first=4)
    decision = route_series(series)

    assert destinations_of(series) == {"POSTPROC": 5}
    assert Delivery.objects.filter(state="waiting").count() == 2
    assert list(decision.actions[0]["queued"].values()) == [2]


def test_explain_names_the_row_that_matched_and_the_values_it_matched_on(
    region, make_series, workstation, cast
):
    series = make_series(3, spacing=0.8)
    route_series(series)

    (explanation,) = explain(series, actor=cast.ivo)

    assert explanation.table is not None
    assert explanation.table.key == "region"
    assert explanation.version_number == 1
    (row,) = explanation.rows
    assert row["row"] == 1
    assert row["annotations"] == ["Thin slices are for post-processing."]
    assert row["inputs"] == {"event": "SeriesComplete", "is_derived": False, "is_thin_slice": True}
    assert explanation.facts["spacing_mm"] == 0.8
    assert list(explanation.progress.values()) == [{"waiting": 3}]


def test_otto_is_told_nothing(region, make_series, cast):
    series = make_series(3)
    route_series(series)

    assert explain(series, actor=cast.otto) == []


def test_a_site_with_a_table_of_its_own_goes_by_it(put_in_force, folder_destination, make_series, cast):
    folder_destination("files")
    own = create_table(key="county", name="County", site=cast.county, actor=SYSTEM)
    xml = routing_table(["modality"], ["destination"], ['"CT"', '"files"'])
    publish_table(save_draft(own, xml, actor=SYSTEM), actor=SYSTEM)

    series = make_series(2)
    decision = route_series(series)

    assert decision.version is not None
    assert decision.version.table == own
    assert destinations_of(series) == {"files": 2}


def test_every_row_that_matches_counts_and_equal_wishes_are_one(
    put_in_force, folder_destination, make_series
):
    folder_destination("files")
    folder_destination("copies")
    put_in_force(
        routing_table(
            ["modality", "coverage_mm"],
            ["destination"],
            ['"CT"', "-", '"files"'],
            ["-", "> 1", '"copies"'],
            ['"CT"', "> 1", '"files"'],
            ['"MR"', "-", '"copies"'],
        )
    )
    series = make_series(4)

    decision = route_series(series)

    assert [match["row"] for match in decision.matched] == [1, 2, 3]
    assert destinations_of(series) == {"files": 4, "copies": 4}
    assert decision.actions[0]["rows"] == [1, 3]


def test_what_cannot_be_done_is_written_down_and_spares_the_rest(
    put_in_force, folder_destination, make_series
):
    folder_destination("files")
    put_in_force(
        routing_table(
            ["modality"],
            ["destination", "compress", "process"],
            ["-", '"fi" + "xtures"', "null", "null"],
            ["-", '"files"', '"zip"', "null"],
            ["-", "null", "null", '"NoSuchProcess"'],
            ["-", '"files"', "null", "null"],
        )
    )
    series = make_series(2)

    decision = route_series(series)

    assert [problem["code"] for problem in decision.problems] == [
        "COMPRESSION_UNKNOWN", "DESTINATION_UNKNOWN", "PROCESS_UNKNOWN"
    ]  # fmt: skip
    assert destinations_of(series) == {"files": 2}
    assert AuditEvent.objects.get(action="series.routed").detail["rows"] == [1, 2, 3, 4]


def test_a_node_gets_only_the_series_it_takes(put_in_force, make_series, reading_room):
    Destination.objects.create(
        key="room", name="Room", kind="dimse", node=reading_room, created_at=clock.now()
    )
    put_in_force(routing_table(["modality"], ["destination"], ["-", '"room"']))
    thin = make_series(2, spacing=1.0)

    decision = route_series(thin)

    assert decision.problems[0]["code"] == "NOT_TAKEN_BY_NODE"
    assert not Delivery.objects.exists()


def test_of_equal_destinations_the_one_with_less_to_do_is_chosen_and_kept_for_the_study(
    put_in_force, folder_destination, make_series
):
    folder_destination("left", group="pair")
    folder_destination("right", group="pair")
    put_in_force(routing_table(["modality"], ["destination"], ["-", '"pair"']))

    first, second = make_series(5, study="a"), make_series(2, study="b")
    third = make_series(1, study="c")
    again = make_series(1, study="a", series="more")
    for series in (first, second, third, again):
        route_series(series)

    assert destinations_of(first) == {"left": 5}
    assert destinations_of(second) == {"right": 2}
    assert destinations_of(third) == {"right": 1}
    assert destinations_of(again) == {"left": 1}, "a study stays together"


def test_priors_go_along_to_the_same_destination(put_in_force, folder_destination, make_series):
    folder_destination("files")
    old = make_series(2, study="old", StudyDate="20200101")
    older = make_series(2, study="older", StudyDate="20100101")
    put_in_force(routing_table(["study_description"], ["destination", "priors"], ['"new"', '"files"', "1"]))
    new = make_series(3, study="new", StudyDescription="new")

    route_series(new)

    assert destinations_of(new) == {"files": 3}
    assert destinations_of(old) == {"files": 2}
    assert destinations_of(older) == {}


def test_a_template_is_asked_for_by_an_event(put_in_force, make_series):
    events.subscribe("TemplateRequested", subscriber="test.listener", handler=lambda _: None)
    put_in_force(routing_table(["is_volume"], ["template"], ["true", '"ct_overview"']))
    series = make_series(3)

    decision = route_series(series)

    asked = told_events(name="TemplateRequested", subscriber="test.listener").get()
    assert asked.payload["template"] == "ct_overview"
    assert asked.payload["subjects"]["series"] == series.series_instance_uid
    assert asked.payload["cause"] == str(decision.uid)


def test_facts_hold_nothing_of_the_patient_and_every_name_of_the_catalogue(region, make_series):
    series = make_series(3, ConvolutionKernel="B30f", StationName="CT01", PatientName="Very^Secret")

    facts = series_facts_for_routing(series)

    assert set(facts) == {fact.name for fact in FACTS}
    assert (facts["kernel"], facts["station_name"], facts["modality"]) == ("B30f", "CT01", "CT")
    assert (facts["instance_count"], facts["spacing_mm"], facts["is_volume"]) == (3, 1.0, True)
    assert "Secret" not in str(facts)


def test_routing_a_series_costs_the_same_number_of_statements_whatever_its_size(
    region, make_series, workstation
):
    def cost(series) -> int:
        with CaptureQueriesContext(connection) as asked:
            route_series(series)
        return len(asked)

    make = [make_series(2, study="warm"), make_series(2, study="a"), make_series(40, study="b")]
    cost(make[0])
    assert cost(make[1]) == cost(make[2])
    assert Lane.objects.count() == 3
    assert RecordedFacts.objects.count() == 3
