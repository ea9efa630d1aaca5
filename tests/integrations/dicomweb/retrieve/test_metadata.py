"""Retrieving metadata: what every instance says, kept ready for a series (PS3.18 §10.4.1.1.2, §F.2)."""

from __future__ import annotations

import json
import zlib
from uuid import uuid4

from django.db import connection
from django.test.utils import CaptureQueriesContext

from archive.studies.metadata.models import SeriesMetadata
from archive.studies.metadata.services import prepare
from events.services import Event
from tests.archive.studies.objects import ct_slice
from tests.integrations.dicomweb.answers import body_of
from tests.integrations.dicomweb.retrieve.stored_series import (
    SERIES,
    SERIES_PATH,
    STUDY_PATH,
    instance_path,
    store,
)


def test_metadata_is_an_array_of_what_every_instance_says(theo, series):
    response = theo.get(f"{SERIES_PATH}/metadata")

    assert response["Content-Type"] == "application/dicom+json"
    found = json.loads(body_of(response))
    assert [one["00200013"]["Value"] for one in found] == [[1], [2], [3]]
    assert found[0]["00100010"]["Value"] == [{"Alphabetic": "Li^Hua", "Ideographic": "李^华"}]
    assert found[1]["7FE00010"] == {"vr": "OW", "BulkDataURI": f"{instance_path(2)}/bulkdata/7FE00010"}


def test_metadata_is_deflated_for_who_takes_it_so(theo, series):
    packed = theo.get(f"{STUDY_PATH}/metadata", headers={"Accept-Encoding": "gzip, deflate, br"})
    plain = theo.get(f"{STUDY_PATH}/metadata")

    assert packed["Content-Encoding"] == "deflate"
    body = body_of(packed)
    assert len(body) == int(packed["Content-Length"])
    assert zlib.decompress(body) == body_of(plain)


def test_metadata_of_an_instance_is_one_of_its_series(theo, series):
    of_series = json.loads(body_of(theo.get(f"{SERIES_PATH}/metadata")))

    assert json.loads(body_of(theo.get(f"{instance_path(2)}/metadata"))) == [of_series[1]]


def test_metadata_of_a_series_that_still_receives_has_what_came_last(theo, cast, series):
    assert len(json.loads(body_of(theo.get(f"{SERIES_PATH}/metadata")))) == 3
    store(cast, ct_slice(4), ct_slice(5))

    found = json.loads(body_of(theo.get(f"{SERIES_PATH}/metadata")))

    assert [one["00200013"]["Value"][0] for one in found] == [1, 2, 3, 4, 5]


def test_kept_metadata_takes_as_many_statements_for_one_instance_as_for_many(theo, cast, series):
    def statements() -> int:
        with CaptureQueriesContext(connection) as captured:
            body_of(theo.get(f"{SERIES_PATH}/metadata"))
        return len(captured)

    body_of(theo.get(f"{SERIES_PATH}/metadata"))
    few = statements()
    store(cast, *(ct_slice(number) for number in range(4, 20)))
    body_of(theo.get(f"{SERIES_PATH}/metadata"))

    assert statements() == few <= 4


def test_metadata_is_ready_once_the_series_is_complete(cast, series):
    prepare(Event(uuid4(), "SeriesComplete", {"subjects": {"series": SERIES}}, uuid4()))

    assert SeriesMetadata.objects.get(series__series_instance_uid=SERIES).instance_count == 3
