"""Series in the archive, destinations, and a table in force."""

from __future__ import annotations

import pytest

from accounts.actors import SystemActor
from archive.studies.models import Series
from archive.studies.services import complete_series, store_part10
from common import clock
from common.uids import derived_uid
from integrations.routing.defaults import ensure_defaults
from integrations.routing.models import Destination, RoutingTable
from integrations.routing.services import publish_table, save_draft
from tests.archive.studies.objects import ct_slice, part10

SYSTEM = SystemActor("test")


@pytest.fixture
def region(cast):
    """The table a region starts with, and its two tiers."""
    ensure_defaults()
    return cast


@pytest.fixture
def make_series(cast):
    """A whole series of the county in the archive: `count` slices, `spacing` mm apart."""

    def make(
        count=3, *, study="study", series="series", spacing=1.0, complete=True, first=1, **elements
    ) -> Series:
        for number in range(first, first + count):
            data = part10(ct_slice(number, study=study, series=series, z=number * spacing, **elements))
            store_part10(data, site=cast.county, actor=SYSTEM)
        found = Series.objects.select_related("study__site", "study__patient", "study__order").get(
            series_instance_uid=derived_uid(study, series)
        )
        if complete:
            complete_series(found, "Made for a test.")
            found.refresh_from_db()
        return found

    return make


@pytest.fixture
def put_in_force(region):
    """Publish a table for the region."""

    def put(xml: str):
        table = RoutingTable.objects.get(site=None)
        return publish_table(save_draft(table, xml, actor=SYSTEM), actor=SYSTEM)

    return put


@pytest.fixture
def folder_destination(region, settings, tmp_path):
    """A folder named `key`, and where it lies."""
    settings.ROUTING_FOLDERS = [str(tmp_path / "exports")]

    def make(key="files", **facts):
        destination = Destination.objects.create(
            key=key, name=key, kind="folder", configuration={"folder": key}, created_at=clock.now(), **facts
        )
        return destination, tmp_path / "exports" / key

    return make
