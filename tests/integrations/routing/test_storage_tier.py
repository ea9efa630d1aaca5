"""A row places a series on a tier of storage: its bytes move there, once, unseen by readers; explained and tried."""

from __future__ import annotations

import datetime as dt

import pytest

from accounts.models import AuditEvent
from archive.lifecycle.models import PlacementRule, RoutedTier
from archive.lifecycle.placing import place_due
from archive.lifecycle.purging import remove_due
from archive.lifecycle.sealing import seal_abandoned
from archive.lifecycle.transfers import transfer_due
from archive.lifecycle.volumes import default_volume
from archive.storage.models import Segment, Tier, Volume
from common import clock as product_clock
from common.errors import InvalidInput
from integrations.routing.models import RoutingDecision
from integrations.routing.selectors import explain
from integrations.routing.services import check_table, route_series, what_if
from tests.archive.lifecycle.conftest import bytes_of, holders
from tests.integrations.routing.conftest import SYSTEM
from tests.integrations.routing.tables import routing_table

pytestmark = pytest.mark.django_db
BY_THICKNESS = routing_table(
    ["is_thin_slice"],
    ["storage_tier"],
    ["true", '"hot"', "Post-processing reads thin slices."],
    ["false", '"warm"', "Thick ones are read once."],
)


@pytest.fixture(autouse=True)
def hot(db) -> Volume:
    return default_volume()


@pytest.fixture
def warm(tmp_path) -> Volume:
    return Volume.objects.create(
        name="warm", url=f"file://{tmp_path / 'warm'}", tier=Tier.WARM, created_at=product_clock.now()
    )


@pytest.fixture
def settle(clock):
    """Everything the duties of storage would do in the next hours."""

    def act() -> None:
        for _ in range(4):
            seal_abandoned()
            place_due()
            transfer_due()
            remove_due()
            clock.advance(dt.timedelta(hours=2))

    return act


def test_thick_series_move_to_the_tier_their_row_names_and_thin_ones_stay(
    put_in_force, make_series, warm, settle
):
    put_in_force(BY_THICKNESS)
    thin, thick = make_series(3, study="a", spacing=0.8), make_series(3, study="b", spacing=5.0)
    before = bytes_of(thick)
    for series in (thin, thick):
        route_series(series)

    settle()

    assert (set(holders(thin)), set(holders(thick))) == ({"default"}, {"warm"})
    assert bytes_of(thick) == before


def test_readers_get_the_same_bytes_at_every_step_of_the_move(put_in_force, make_series, warm, clock):
    put_in_force(BY_THICKNESS)
    series = make_series(2, spacing=5.0)
    before = bytes_of(series)
    route_series(series)
    clock.advance(dt.timedelta(hours=2))
    for step in (seal_abandoned, place_due, transfer_due, place_due, remove_due):
        step()
        assert bytes_of(series) == before, step.__name__


def test_a_series_routed_twice_is_placed_once(put_in_force, make_series, warm, settle):
    put_in_force(BY_THICKNESS)
    series = make_series(2, spacing=5.0)
    first = route_series(series)
    settle()
    looked_at = set(Segment.objects.values_list("place_at", flat=True))

    again = route_series(series)

    assert first.actions == [{"rows": [2], "storage_tier": "warm", "is_news": True}]
    assert again.actions == [{"rows": [2], "storage_tier": "warm", "is_news": False}]
    assert RoutedTier.objects.get().cause == first.uid
    assert set(Segment.objects.values_list("place_at", flat=True)) == looked_at, "nothing is moved anew"
    assert AuditEvent.objects.filter(action="series.routed", detail__storage_tier="warm").count() == 2


def test_of_two_rows_the_first_names_the_tier(put_in_force, make_series, warm):
    put_in_force(
        routing_table(["modality"], ["storage_tier"], ['"CT"', '"warm"'], ['"CT"', '"hot"'], ["-", '"warm"'])
    )

    decision = route_series(make_series(1))

    assert RoutedTier.objects.get().tier == "warm"
    assert [(one["rows"], one["storage_tier"]) for one in decision.actions] == [([1, 3], "warm")]


def test_a_rule_of_age_moves_on_what_routing_placed_and_says_how_many_copies(
    put_in_force, make_series, warm, tmp_path, settle, clock
):
    for name, tier in (("warm-2", Tier.WARM), ("cold", Tier.COLD)):
        Volume.objects.create(
            name=name, url=f"file://{tmp_path / name}", tier=tier, created_at=product_clock.now()
        )
    PlacementRule.objects.create(name="Old", position=1, older_than_days=30, tier="cold")
    PlacementRule.objects.create(name="Twice", position=2, tier="hot", copies=2)
    put_in_force(BY_THICKNESS)
    series = make_series(2, spacing=5.0)
    route_series(series)

    settle()
    assert set(holders(series)) == {"warm", "warm-2"}
    clock.advance(dt.timedelta(days=30))
    settle()

    assert set(holders(series)) == {"cold"}


@pytest.mark.parametrize(
    ("tier", "told"),
    [("arctic", "There is no storage tier named arctic"), ("cold", "No volume is on the storage tier cold")],
)
def test_a_tier_there_is_not_keeps_the_table_from_being_published(put_in_force, region, warm, tier, told):
    table = routing_table(
        ["modality"], ["destination", "storage_tier"], ["-", "-", '"warm"'], ["-", '"nowhere"', f'"{tier}"']
    )

    with pytest.raises(InvalidInput) as refusal:
        put_in_force(table)

    assert list(refusal.value.fields) == ["row 2, column destination", "row 2, column storage_tier"]
    assert refusal.value.fields["row 2, column storage_tier"].startswith(told)


def test_a_volume_of_another_site_is_no_place_for_the_region(cast, warm):
    Volume.objects.filter(pk=warm.pk).update(site=cast.county)

    with pytest.raises(InvalidInput):
        check_table(BY_THICKNESS, site=None)

    assert check_table(BY_THICKNESS, site=cast.county)


def test_a_computed_tier_that_is_none_is_told_with_the_decision(put_in_force, make_series):
    put_in_force(routing_table(["modality"], ["storage_tier"], ["-", 'lower case("ARCTIC")']))

    decision = route_series(make_series(1))

    (problem,) = decision.problems
    assert (problem["code"], problem["for"], problem["rows"]) == ("STORAGE_TIER_UNKNOWN", "arctic", [1])
    assert not RoutedTier.objects.exists()


def test_explain_and_what_if_name_the_tier(put_in_force, make_series, cast, warm):
    put_in_force(BY_THICKNESS)
    series = make_series(2, spacing=5.0)
    route_series(series)

    (explanation,) = explain(series, actor=cast.ivo)
    trial = what_if(BY_THICKNESS.replace('"warm"', '"hot"'), site=None, days=1, actor=SYSTEM)

    assert explanation.actions[0]["storage_tier"] == "warm"
    assert explanation.rows[0]["annotations"] == ["Thick ones are read once."]
    (difference,) = trial.differences
    assert (difference.before[0]["storage_tier"], difference.after[0]["storage_tier"]) == ("warm", "hot")


def test_a_decision_that_is_not_committed_places_nothing(put_in_force, make_series, warm, monkeypatch):
    put_in_force(BY_THICKNESS)
    series = make_series(2, spacing=5.0)

    def dies(_decision) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("integrations.routing.deciding._tell", dies)
    with pytest.raises(KeyboardInterrupt):
        route_series(series)

    assert not RoutedTier.objects.exists()
    assert not RoutingDecision.objects.exists()
