"""What the keeping of bytes does about news from the archive."""

from __future__ import annotations

from archive.lifecycle.packing import note_complete_series
from archive.storage.models import Segment
from common import clock
from events.services import Event


def series_complete(event: Event) -> None:
    """A judged series is packed if it is of that kind, and placed by what is known of it now."""
    series_instance_uid = event.subjects.get("series", "")
    if not series_instance_uid:
        return
    note_complete_series(series_instance_uid)
    Segment.objects.filter(series_instance_uid=series_instance_uid).update(place_at=clock.now())
