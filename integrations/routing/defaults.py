"""What a region starts with: a table that sends thin series to the post-processing tier and others to reading."""

from __future__ import annotations

from pathlib import Path

from django.db import transaction

from common import clock
from integrations.dicom.models import SliceInterest
from integrations.routing.models import Destination, RoutingTable, RoutingTableVersion

TABLE = Path(__file__).parent / "default_tables" / "region.dmn"
POST_PROCESSING, READING, REGION = "post-processing", "reading", "region"
_TIERS = (
    (POST_PROCESSING, "Post-processing tier", SliceInterest.THIN),
    (READING, "Reading tier", SliceInterest.THICK),
)


def ensure_defaults(**_: object) -> None:
    """The two tiers and the region's table, if there is no table of the region yet. Runs after each migrate."""
    if RoutingTable.objects.filter(site=None).exists():
        return
    now = clock.now()
    with transaction.atomic():
        for key, name, takes in _TIERS:
            Destination.objects.get_or_create(
                key=key,
                defaults={
                    "name": name, "kind": Destination.Kind.TIER, "configuration": {"takes": str(takes)},
                    "created_at": now,
                },
            )  # fmt: skip
        table, is_new = RoutingTable.objects.get_or_create(
            site=None, defaults={"key": REGION, "name": "Region", "created_at": now}
        )
        if is_new:
            RoutingTableVersion.objects.create(
                table=table, number=1, xml=TABLE.read_text(), state=RoutingTableVersion.State.PUBLISHED,
                saved_by="system", saved_at=now, published_by="system", published_at=now,
            )  # fmt: skip
