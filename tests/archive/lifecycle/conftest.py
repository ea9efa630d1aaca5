"""Series of real bytes on a local hot volume, with warm and cold volumes beside it."""

import random

import numpy as np
import pytest

from accounts.actors import SystemActor
from archive.lifecycle import quotas
from archive.lifecycle.volumes import default_volume
from archive.storage import index
from archive.storage.models import SegmentCopy, Tier, Volume
from archive.storage.objects import open_writer, read_object
from archive.studies.models import Instance, Series
from archive.studies.services import store_part10
from common import clock as product_clock
from tests.archive.studies.objects import ct_slice, part10

MODALITY = SystemActor("dicom:CT1", "county")


@pytest.fixture(autouse=True)
def nothing_remembered(db):
    index.forget()
    quotas.forget_quotas()


@pytest.fixture
def store_series(cast):
    """Store a series of slices in any order, 1 mm apart, by one writer; complete and thin unless said otherwise."""

    def store(*, name="series", slices=5, shuffled=False, is_thin=True, writer=None, pixels=64):
        order = list(range(1, slices + 1))
        if shuffled:
            random.Random(7).shuffle(order)  # noqa: S311 - an order, not a secret
        own = writer or open_writer(cast.county)
        for number in order:
            noise = np.random.default_rng(number).integers(0, 4096, (pixels, pixels), np.int16)
            dataset = ct_slice(
                number, series=name, Rows=pixels, Columns=pixels, PixelData=noise.tobytes(), SliceThickness=1
            )
            store_part10(part10(dataset), site=cast.county, actor=MODALITY, writer=own)
        own.close()
        series = Series.objects.get(series_instance_uid=dataset.SeriesInstanceUID)
        Series.objects.filter(pk=series.pk).update(
            completeness="complete", is_thin_slice=is_thin, completed_at=product_clock.now()
        )
        return Series.objects.select_related("study").get(pk=series.pk)

    return store


@pytest.fixture
def make_volume(tmp_path):
    def make(name, tier):
        return Volume.objects.create(
            name=name, url=f"file://{tmp_path / name}", tier=tier, created_at=product_clock.now()
        )

    return make


@pytest.fixture
def warm(make_volume):
    return make_volume("warm", Tier.WARM)


@pytest.fixture
def cold(make_volume):
    return make_volume("cold", Tier.COLD)


@pytest.fixture
def hot(db):
    return default_volume()


def bytes_of(series):
    """Every instance's bytes by UID, as readers get them."""
    return {
        instance.sop_instance_uid: read_object(instance.storage_key)
        for instance in Instance.objects.filter(series=series)
    }


def holders(series):
    """The names of the volumes that hold the series' segments."""
    return sorted(
        SegmentCopy.objects.filter(
            segment__series_instance_uid=series.series_instance_uid, state=SegmentCopy.State.HELD
        ).values_list("volume__name", flat=True)
    )
