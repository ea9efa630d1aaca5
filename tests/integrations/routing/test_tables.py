"""Tables are drafted, tried against what has come lately, and put in force by those who manage routing."""

from __future__ import annotations

import datetime as dt

import pytest

from accounts.models import AuditEvent, Membership, Role
from common.errors import Conflict, InvalidInput, NotPermitted
from integrations.routing.housekeeping import forget_facts
from integrations.routing.models import RecordedFacts, RoutingDecision, RoutingTable
from integrations.routing.selectors import visible_destinations, visible_tables
from integrations.routing.services import (
    create_table,
    discard_draft,
    publish_table,
    revert,
    route_series,
    save_draft,
    what_if,
)
from tests.integrations.routing.tables import routing_table

pytestmark = pytest.mark.django_db


@pytest.fixture
def table(region) -> RoutingTable:
    return RoutingTable.objects.get(site=None)


def everything_to(key: str) -> str:
    return routing_table(["modality"], ["destination"], ["-", f'"{key}"', "Everything goes there."])


def test_a_region_starts_with_a_table_in_force(table, cast):
    (version,) = table.versions.all()

    assert (version.number, version.state) == (1, "published")
    assert set(visible_tables(cast.ivo)) == {table}
    assert {one.key for one in visible_destinations(cast.ivo)} == {"post-processing", "reading"}
    assert not visible_tables(cast.otto).exists()
    assert not visible_destinations(cast.otto).exists()


def test_a_published_draft_retires_the_version_before_it(table, cast):
    draft = save_draft(table, everything_to("reading"), actor=cast.ivo, note="Simpler")
    assert save_draft(table, everything_to("post-processing"), actor=cast.ivo).pk == draft.pk, (
        "one draft a table"
    )

    published = publish_table(draft, actor=cast.ivo, note="For the night")

    assert [(one.number, one.state) for one in table.versions.order_by("number")] == [
        (1, "retired"), (2, "published")
    ]  # fmt: skip
    assert (published.published_by, published.note) == ("ivo", "For the night")
    assert AuditEvent.objects.get(action="routing_table.published").detail["version"] == 2
    with pytest.raises(Conflict):
        publish_table(draft, actor=cast.ivo)


def test_reverting_puts_the_former_content_in_force_as_a_new_version(table, cast):
    first = table.versions.get()
    publish_table(save_draft(table, everything_to("reading"), actor=cast.ivo), actor=cast.ivo)
    first.refresh_from_db()

    again = revert(first, actor=cast.ivo)

    assert (again.number, again.state, again.xml) == (3, "published", first.xml)
    with pytest.raises(Conflict):
        revert(again, actor=cast.ivo)


@pytest.mark.parametrize(
    ("xml", "place"),
    [
        (routing_table(["modality"], ["destination"], ['"CT', '"reading"']), "row 1"),
        (routing_table(["modality_"], ["destination"], ['"CT"', '"reading"']), ""),
        (routing_table(["modality"], ["destination"], ['"CT"', '"nowhere"']), "row 1, column destination"),
        (routing_table(["modality"], ["target"], ['"CT"', '"reading"']), "column target"),
        (routing_table(["modality"], ["destination"], name="Another"), "xml"),
        ("<definitions", ""),
    ],
)
def test_a_table_that_cannot_work_is_not_published_and_says_where(table, cast, xml, place):
    draft = save_draft(table, xml, actor=cast.ivo)

    with pytest.raises(InvalidInput) as refused:
        publish_table(draft, actor=cast.ivo)

    assert place in " ".join(refused.value.fields) or not place
    draft.refresh_from_db()
    assert draft.state == "draft"
    assert table.versions.get(state="published").number == 1
    discard_draft(draft, actor=cast.ivo)


def test_the_regions_table_is_a_provincial_hospitals_and_a_sites_its_own(table, cast):
    with pytest.raises(NotPermitted):
        save_draft(table, everything_to("reading"), actor=cast.otto)
    Membership.objects.create(person=cast.theo, site=cast.county, role=Role.INTEGRATOR)
    with pytest.raises(NotPermitted):
        save_draft(table, everything_to("reading"), actor=cast.theo)

    own = create_table(key="county", name="County", site=cast.county, actor=cast.theo)
    publish_table(save_draft(own, everything_to("reading"), actor=cast.theo), actor=cast.theo)

    with pytest.raises(NotPermitted):
        save_draft(own, everything_to("reading"), actor=cast.rosa)
    assert set(visible_tables(cast.theo)) == {table, own}


def test_what_if_shows_which_series_would_go_another_way(region, make_series, cast):
    thin, thick = make_series(3, study="a", spacing=1.0), make_series(3, study="b", spacing=5.0)
    for series in (thin, thick):
        route_series(series)

    trial = what_if(everything_to("reading"), site=None, days=7, actor=cast.ivo)

    assert (trial.asked, trial.different, trial.is_cut) == (2, 1, False)
    (difference,) = trial.differences
    assert difference.series_instance_uid == thin.series_instance_uid
    assert [action["destination"] for action in difference.before] == ["post-processing"]
    assert [action["destination"] for action in difference.after] == ["reading"]
    assert (difference.rows_before, difference.rows_after) == ([1], [1])
    assert difference.facts["spacing_mm"] == 1.0
    assert RoutingDecision.objects.count() == 2, "nothing was decided by trying"


def test_what_if_asks_about_each_series_once_and_only_of_the_days_named(region, make_series, cast, clock):
    old = make_series(2, study="old")
    route_series(old)
    clock.advance(dt.timedelta(days=10))
    new = make_series(2, study="new")
    route_series(new)
    route_series(new)

    trial = what_if(everything_to("reading"), site=None, days=3, actor=cast.ivo)
    assert [one.series_instance_uid for one in trial.differences] == [new.series_instance_uid]
    assert trial.asked == 1
    assert what_if(everything_to("reading"), site=None, days=30, actor=cast.ivo).asked == 2


def test_what_if_is_for_those_who_manage_routing_there(region, cast):
    with pytest.raises(NotPermitted):
        what_if(everything_to("reading"), site=None, days=3, actor=cast.otto)
    with pytest.raises(NotPermitted):
        what_if(everything_to("reading"), site=cast.county, days=3, actor=cast.ivo)


def test_facts_are_forgotten_in_time_and_the_decision_stays(region, make_series, clock, settings):
    route_series(make_series(2))
    assert forget_facts() == 0

    clock.advance(dt.timedelta(days=settings.ROUTING_FACTS_DAYS + 1))

    assert forget_facts() == 1
    assert not RecordedFacts.objects.exists()
    assert RoutingDecision.objects.get().matched[0]["row"] == 1
