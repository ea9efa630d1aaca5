"""Objects that move to another tier while they wait for their turn are read from where they are."""

from __future__ import annotations

import pytest

from archive.storage.keys import new_segment_key, slice_key
from archive.storage.objects import read_object
from archive.studies.models import Instance
from common.errors import NotFound
from integrations.routing.models import Delivery
from integrations.routing.parcels import parcels_for
from integrations.routing.services import queue_series

pytestmark = pytest.mark.django_db


@pytest.fixture
def moved(make_series, folder_destination):
    """A parcel made while the object lay at a key that is gone."""
    destination, _ = folder_destination()
    series = make_series(1)
    queue_series(series, destination=destination)
    now = Instance.objects.get()
    Instance.objects.update(storage_key=slice_key(new_segment_key(), 0, now.size_bytes))
    (parcel,), _hopeless = parcels_for(
        list(Delivery.objects.all()), study_instance_uid=series.study.study_instance_uid
    )
    Instance.objects.update(storage_key=now.storage_key)
    return parcel


def test_an_object_that_moved_since_it_was_made_ready_is_looked_up_again(moved):
    key = Instance.objects.get().storage_key
    assert moved.load().data == read_object(key)

    here = moved.local()
    assert here is not None
    with here.path.open("rb") as file:
        file.seek(here.offset)
        assert file.read(here.length) == read_object(key)


def test_an_object_that_nobody_has_any_more_is_told_of(moved):
    Instance.objects.all().delete()

    with pytest.raises(NotFound):
        moved.load()
