"""Slices as a browser asks for them: order, windows, caching, access and the audit trail."""

from __future__ import annotations

import io
from functools import partial

import numpy as np
import pytest
from django.core.cache import cache
from django.test import Client
from PIL import Image

from accounts.models import AuditEvent
from archive.pixels.frame_cache import FrameCache, decoded_frames
from archive.pixels.frames import Frame
from archive.pixels.messages import receive
from archive.pixels.parsing import ParsedObject
from archive.pixels.pool import Answer, Decoder
from archive.storage.objects import local_slice
from archive.studies.models import Instance
from tests.portal.stored_images import store_ct

SERIES = "/studies/1.2.3/series/1.2.3.4"


@pytest.fixture(autouse=True)
def cold_caches():
    decoded_frames.clear()
    cache.clear()


@pytest.fixture
def series(cast):
    return store_ct(cast.county)


@pytest.fixture
def theo(cast, client: Client, series):
    client.force_login(cast.theo)
    return client


def pixels(response) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(response.content)))


def test_slices_come_in_the_order_of_positions_whatever_order_they_were_sent_in(theo):
    # Window 2 wide around HU n + 0.5 makes exactly the values above n white: §C.11.2.1.2.1.
    shown = [
        int(pixels(theo.get(f"{SERIES}/slices/{index}.png?center=1.5&width=1"))[4, 4]) for index in range(3)
    ]

    assert shown == [0, 0, 255]


def test_window_of_the_request_decides_what_is_grey(theo):
    shown = pixels(theo.get(f"{SERIES}/slices/0.png?center=40&width=400"))

    assert shown[4, 4] == int(((0 - 39.5) / 399 + 0.5) * 255 + 0.5)
    assert shown[0, 0] == 0


def test_jpeg_and_size(theo):
    response = theo.get(f"{SERIES}/slices/1.jpg?size=16")

    assert response["Content-Type"] == "image/jpeg"
    assert Image.open(io.BytesIO(response.content)).size == (8, 8)


def test_pixels_are_decoded_in_another_process_whose_end_spares_the_web_worker(theo, monkeypatch):
    def ended(*_args, **_kwargs):
        raise SystemExit

    monkeypatch.setattr(ParsedObject, "samples", ended)
    assert theo.get(f"{SERIES}/slices/0.jpg").status_code == 200

    decoded_frames.clear()
    monkeypatch.setattr(
        Decoder, "ask", lambda decoder, *_args, **_kwargs: decoder.process.kill() or ended_by(decoder)
    )
    refused = theo.get(f"{SERIES}/slices/1.jpg")

    assert (refused.status_code, refused["X-Refusal-Code"]) == (422, "DECODER_CRASHED")


def ended_by(decoder):
    return Answer(*receive(decoder.connection))


def test_browser_that_has_the_slice_is_told_so_without_decoding(theo, monkeypatch):
    url = f"{SERIES}/slices/1.jpg?center=40&width=400"
    etag = theo.get(url)["ETag"]
    monkeypatch.setattr("portal.viewer.views.frame_of", None)

    response = theo.get(url, HTTP_IF_NONE_MATCH=etag)

    assert response.status_code == 304
    assert "private" in response["Cache-Control"]


def test_only_addresses_that_name_the_version_may_be_kept_without_asking(theo):
    version = theo.get(f"{SERIES}/stack.json").json()["version"]

    assert "no-cache" in theo.get(f"{SERIES}/slices/0.jpg")["Cache-Control"]
    assert "immutable" in theo.get(f"{SERIES}/slices/0.jpg?v={version}")["Cache-Control"]


def test_stack_grows_when_more_of_the_series_comes_in(theo, cast):
    before = theo.get(f"{SERIES}/stack.json").json()
    store_ct(cast.county, slices=5)

    after = theo.get(f"{SERIES}/stack.json").json()

    assert (len(before["slices"]), len(after["slices"])) == (3, 5)
    assert before["version"] != after["version"]


def test_stack_facts_say_how_to_read_the_picture(theo):
    facts = theo.get(f"{SERIES}/stack.json").json()

    assert facts["slices"] == [[0, 1, 0.0], [1, 1, 1.0], [2, 1, 2.0]]
    assert (facts["width"], facts["height"], facts["mm_per_pixel"]) == (8, 8, 0.5)
    assert facts["window"] == {"center": 40, "width": 400}
    assert facts["edges"] == {"left": "R", "right": "L", "top": "A", "bottom": "P"}
    assert "lung" in {preset["key"] for preset in facts["presets"]}
    assert facts["slice_url"] == f"{SERIES}/slices/{{index}}.jpg"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("center=40", "width"),
        ("width=400", "center"),
        ("center=x&width=400", "center"),
        ("center=nan&width=400", "center"),
        ("center=40&width=0", "width"),
        ("center=1e300&width=4", "center"),
        ("frame=0", "frame"),
        ("frame=-1", "frame"),
        ("size=3", "size"),
        ("size=99999999999999", "size"),
        ("size=１００", "size"),
    ],
)
def test_garbage_in_the_query_is_refused_by_name(theo, query, field):
    response = theo.get(f"{SERIES}/slices/0.jpg?{query}")

    assert response.status_code == 400
    assert list(response.json()["fields"]) == [field]
    assert response.json()["message"].endswith(".")


@pytest.mark.parametrize(
    "url",
    [
        f"{SERIES}/slices/3.jpg",
        f"{SERIES}/slices/0.jpg?frame=9",
        f"{SERIES}/slices/999999999999.jpg",
        "/studies/1.2.3/series/1.2.3.5/slices/0.jpg",
        "/studies/1.2.4/series/1.2.3.4/slices/0.jpg",
        "/studies/1.2.4/thumbnail.jpg",
        "/studies/1.2.3/series/9/thumbnail.jpg",
        "/studies/drop table/series/x/stack.json",
    ],
)
def test_what_is_not_there_is_not_found(theo, url):
    assert theo.get(url).status_code == 404


def test_otto_cannot_tell_that_the_series_exists(cast, client, series):
    client.force_login(cast.otto)

    for url in ("slices/0.jpg", "stack.json", "thumbnail.jpg"):
        there = client.get(f"{SERIES}/{url}")
        nowhere = client.get(f"/studies/9.9/series/9.9.9/{url}")
        assert there.status_code == nowhere.status_code == 404
        assert there.content == nowhere.content


def test_somebody_signed_out_is_asked_to_sign_in(client, series):
    assert client.get(f"{SERIES}/slices/0.jpg").status_code == 401


def test_looking_leaves_one_line_a_session_and_series(cast, theo):
    for index in (0, 1, 2, 0):
        theo.get(f"{SERIES}/slices/{index}.jpg")

    line = AuditEvent.objects.get(action="series.viewed")
    assert (line.person, line.object_uid, line.study_instance_uid, line.site_code) == (
        cast.theo, "1.2.3.4", "1.2.3", "county",
    )  # fmt: skip

    theo.logout()
    theo.force_login(cast.theo)
    theo.get(f"{SERIES}/slices/0.jpg")
    assert AuditEvent.objects.filter(action="series.viewed").count() == 2


def test_a_slice_costs_the_same_number_of_statements_in_any_series(
    theo, cast, django_assert_num_queries, django_assert_max_num_queries
):
    store_ct(cast.county, series="1.2.3.5", slices=12)
    for url in (SERIES, "/studies/1.2.3/series/1.2.3.5"):
        theo.get(f"{url}/slices/0.jpg")
        with django_assert_max_num_queries(5):
            assert theo.get(f"{url}/slices/1.jpg").status_code == 200


def test_damaged_pixels_give_a_placeholder_that_says_so(theo, cast):
    store_ct(cast.county, series="1.2.3.6", slices=1, PixelData=b"\0\1")

    response = theo.get("/studies/1.2.3/series/1.2.3.6/slices/0.jpg")

    assert response.status_code == 422
    assert response["X-Refusal-Code"] == "PIXELS_UNREADABLE"
    assert Image.open(io.BytesIO(response.content)).size == (512, 512)
    assert theo.get("/studies/1.2.3/series/1.2.3.6/thumbnail.jpg").status_code == 422
    assert theo.get("/studies/1.2.3/series/1.2.3.6/stack.json").status_code == 422


def test_bytes_that_are_gone_are_not_a_defect(theo):
    instance = Instance.objects.earliest("pk")
    place = local_slice(instance.storage_key)
    assert place is not None
    place.path.unlink()

    assert {theo.get(f"{SERIES}/slices/{index}.jpg").status_code for index in range(3)} == {200, 404}


def test_thumbnails_of_series_and_study_show_the_middle_slice(theo):
    of_series = theo.get(f"{SERIES}/thumbnail.jpg")
    of_study = theo.get("/studies/1.2.3/thumbnail.jpg")

    assert of_series.status_code == of_study.status_code == 200
    assert of_series.content == of_study.content


def test_frame_cache_stays_within_its_bytes_and_drops_the_least_recently_shown():
    held = FrameCache(capacity_bytes=200)
    decoded: list[int] = []

    def frame(number: int) -> Frame:
        decoded.append(number)
        return Frame(np.zeros((10, 8), np.uint8))

    for number in (1, 2, 1, 3, 1, 2):
        held.get_or_decode(number, partial(frame, number))

    assert decoded == [1, 2, 3, 2]
    assert held.size_bytes == 160


def test_frame_larger_than_the_cache_is_shown_but_not_kept():
    held = FrameCache(capacity_bytes=10)

    held.get_or_decode(1, lambda: Frame(np.zeros((10, 8), np.uint8)))

    assert held.size_bytes == 0
