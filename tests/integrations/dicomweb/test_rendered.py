"""Rendered and Thumbnail resources: media types, parameters, refusals and who may ask (PS3.18 §10.4.1.1.3, §8.3.5)."""

from __future__ import annotations

import io
from email import message_from_bytes
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageSequence
from pydicom import dcmread

from accounts.actors import SystemActor
from accounts.models import AuditEvent
from archive.studies.services import store_part10
from tests.archive.pixels.images import image
from tests.archive.pixels.states import state
from tests.portal.stored_images import part10, store_ct

SERIES = "/dicomweb/studies/1.2.3/series/1.2.3.4"
MODALITY = SystemActor("dicom:CT1", "county")


@pytest.fixture
def instance(cast) -> str:
    uid = store_ct(cast.county).instances.earliest("instance_number").sop_instance_uid
    return f"{SERIES}/instances/{uid}"


@pytest.fixture
def theo(client, cast):
    client.force_login(cast.theo)
    return client


def picture(response) -> Image.Image:
    return Image.open(io.BytesIO(response.content))


def test_instance_is_a_jpeg_unless_something_else_is_asked_for(theo, instance):
    plain = theo.get(f"{instance}/rendered", HTTP_ACCEPT="*/*")
    png = theo.get(f"{instance}/rendered", HTTP_ACCEPT="image/png")
    by_parameter = theo.get(f"{instance}/rendered?accept=image/gif")

    assert (plain.status_code, plain["Content-Type"], picture(plain).size) == (200, "image/jpeg", (8, 8))
    assert (png["Content-Type"], by_parameter["Content-Type"]) == ("image/png", "image/gif")


def test_window_and_viewport_of_the_request_are_followed(theo, instance):
    query = "window=39.5,1,linear&viewport=16,16,0,1,8,7"

    shown = np.asarray(picture(theo.get(f"{instance}/frames/1/rendered?{query}", HTTP_ACCEPT="image/png")))

    assert shown.shape == (14, 16)
    assert (shown == 0).all()


def test_parts_at_the_end_of_a_region_may_be_left_away_and_its_corner_is_taken_absolutely(theo, instance):
    """§8.3.5.1.3: what is elided defaults to the right and the lower edge."""
    shown = [
        theo.get(f"{instance}/rendered?viewport=8,8,{region}", HTTP_ACCEPT="image/png").content
        for region in ("2,4,6,4", "2,4,6", "2,4", "-2,-4", "2,4,,4")
    ]
    whole, column = (
        theo.get(f"{instance}/rendered?viewport=8,8{region}", HTTP_ACCEPT="image/png").content
        for region in ("", ",6")
    )

    assert len(set(shown)) == 1
    assert Image.open(io.BytesIO(shown[0])).size == (8, 5)
    assert Image.open(io.BytesIO(whole)).size == (8, 8)
    assert Image.open(io.BytesIO(column)).size == (2, 8)


@pytest.mark.parametrize(
    "query",
    ["window=1", "window=40,400", "window=a,2,linear",
     "window=40,0,linear", "window=40,400,cubic", "viewport=0,5", "viewport=5",
     "viewport=1,2,3,4,5,6,7", "viewport=1,2,3,4,0",
     "viewport=99999,1", "quality=0", "quality=101", "iccprofile=rommrgb", "annotation=", "annotation=a%20b"],
)  # fmt: skip
def test_parameters_that_cannot_be_meant_are_refused(theo, instance, query):
    assert theo.get(f"{instance}/rendered?{query}", HTTP_ACCEPT="*/*").status_code == 400


def test_a_profile_is_refused_for_a_film_which_can_hold_none(theo, instance):
    """§8.3.5.1.5: other than "no" if the media type does not support embedded ICC profiles."""
    answers = [
        theo.get(f"{instance}/rendered?iccprofile={wish}", HTTP_ACCEPT="image/gif").status_code
        for wish in ("no", "yes", "srgb")
    ]

    assert answers == [200, 400, 400]


def test_annotations_that_are_not_supported_are_passed_over_and_told_of(theo, instance):
    """§8.3.5.1.1, in its words."""
    told = theo.get(f"{instance}/rendered?annotation=patient,measures", HTTP_ACCEPT="*/*")

    assert told.status_code == 200
    assert told["Warning"].endswith(": The following annotation values are not supported: measures")
    assert "Warning" not in theo.get(f"{instance}/rendered?annotation=patient", HTTP_ACCEPT="*/*")


def test_refusals_tell_missing_frames_from_what_cannot_be_accepted(theo, instance):
    assert theo.get(f"{instance}/frames/2/rendered", HTTP_ACCEPT="*/*").status_code == 404
    assert theo.get(f"{instance}/rendered", HTTP_ACCEPT="video/mp4").status_code == 406


def test_series_comes_as_one_part_an_instance(theo, instance):
    response = theo.get(f"{SERIES}/rendered", HTTP_ACCEPT='multipart/related; type="image/jpeg"')

    whole = (
        b"Content-Type: "
        + response["Content-Type"].encode()
        + b"\r\n\r\n"
        + b"".join(response.streaming_content)
    )
    parts = [part for part in message_from_bytes(whole).walk() if not part.is_multipart()]

    assert [part.get_content_type() for part in parts] == ["image/jpeg"] * 3
    assert all(part["Content-Location"].endswith("/rendered") for part in parts)


def test_thumbnails_stand_for_study_series_and_instance(theo, instance):
    for path in ("/dicomweb/studies/1.2.3", SERIES, instance, f"{instance}/frames/1"):
        response = theo.get(f"{path}/thumbnail?viewport=4,4", HTTP_ACCEPT="*/*")
        assert (response.status_code, picture(response).size) == (200, (4, 4)), path


def test_nobody_sees_what_is_not_theirs_and_a_look_leaves_one_line(client, cast, theo, instance):
    theo.get(f"{instance}/rendered", HTTP_ACCEPT="*/*")
    theo.get(f"{instance}/rendered?quality=50", HTTP_ACCEPT="*/*")
    assert AuditEvent.objects.filter(action="study.retrieved", detail__transaction="rendered").count() == 1

    client.force_login(cast.otto)
    assert client.get(f"{instance}/rendered", HTTP_ACCEPT="*/*").status_code == 404
    client.logout()
    assert client.get(f"{instance}/rendered", HTTP_ACCEPT="*/*").status_code == 401


def test_presentation_state_is_rendered_as_the_image_it_is_for(theo, cast, shared_data: Path):
    folder = shared_data / "dicom" / "presentation_state"
    for name in ("imageForPrLUTs.dcm", "prLUTs.dcm"):
        store_part10((folder / name).read_bytes(), site=cast.county, actor=MODALITY)
    state = dcmread(folder / "prLUTs.dcm")
    path = (
        f"studies/{state.StudyInstanceUID}/series/{state.SeriesInstanceUID}/instances/{state.SOPInstanceUID}"
    )

    shown = picture(theo.get(f"/dicomweb/{path}/rendered", HTTP_ACCEPT="image/png"))

    assert np.array_equal(np.asarray(shown), np.asarray(Image.open(folder / "expected_imgForPrLUT.png")))


@pytest.fixture
def film_and_state(cast) -> str:
    """A film whose frames are 10, 20 and 30 everywhere, and a state for the last two; where the state is."""
    frames = [np.full((2, 2), value, np.uint8) for value in (10, 20, 30)]
    of_study = {"StudyInstanceUID": "1.2.3", "PatientID": "A-1001"}
    film = image(np.array(frames), NumberOfFrames=3, SeriesInstanceUID="1.2.3.4", Modality="XA", **of_study)
    by = state(SeriesInstanceUID="1.2.3.5", Modality="PR", **of_study)
    by.ReferencedSeriesSequence[0].ReferencedImageSequence[0].ReferencedFrameNumber = [2, 3]
    for one in (film, by):
        store_part10(part10(one), site=cast.county, actor=MODALITY)
    return f"/dicomweb/studies/1.2.3/series/1.2.3.5/instances/{by.SOPInstanceUID}"


def test_a_state_for_some_frames_is_rendered_as_these(theo, film_and_state):
    png = theo.get(f"{film_and_state}/rendered", HTTP_ACCEPT="image/png")
    gif = picture(theo.get(f"{film_and_state}/rendered", HTTP_ACCEPT="image/gif"))

    assert np.asarray(picture(png)).tolist() == [[20, 20], [20, 20]]
    assert len(list(ImageSequence.Iterator(gif))) == 2


def test_beside_a_state_a_window_and_a_region_are_bad_requests(theo, film_and_state):
    """§8.3.5.1.3: anything other than vw and vh; §8.3.5.1.4: window shall not be used."""
    asked = [f"{film_and_state}/rendered?{query}" for query in ("window=5,6,linear", "viewport=8,8,0,0,1,1")]

    answers = [theo.get(url, HTTP_ACCEPT="*/*") for url in asked]

    assert [answer.status_code for answer in answers] == [400, 400]
    assert [*answers[0].json()["fields"], *answers[1].json()["fields"]] == ["window", "viewport"]
    fitted = theo.get(f"{film_and_state}/rendered?viewport=8,6&quality=50", HTTP_ACCEPT="*/*")
    assert picture(fitted).size == (6, 6)


def test_a_state_has_no_frames_of_its_own(theo, film_and_state):
    assert theo.get(f"{film_and_state}/frames/2/rendered", HTTP_ACCEPT="*/*").status_code == 404


def test_presentation_states_of_other_classes_are_refused_by_name(theo, cast):
    by = state(
        "1.2.840.10008.5.1.4.1.1.11.99", StudyInstanceUID="1.2.3", SeriesInstanceUID="1.2.3.5", Modality="PR"
    )
    store_part10(part10(by), site=cast.county, actor=MODALITY)
    path = f"studies/1.2.3/series/1.2.3.5/instances/{by.SOPInstanceUID}"

    refused = theo.get(f"/dicomweb/{path}/rendered", HTTP_ACCEPT="*/*")

    assert (refused.status_code, refused.json()["code"]) == (406, "PRESENTATION_CLASS")


@pytest.mark.parametrize(
    ("name", "kind", "start"),
    [
        ("encapsulated/encapsulated_pdf.dcm", "application/pdf", b"%PDF-"),
        ("sr/test-SR.dcm", "text/html", b"<!DOCTYPE html>"),
    ],
)
def test_documents_and_reports_come_as_what_a_browser_shows(theo, cast, shared_data: Path, name, kind, start):
    data = (shared_data / "dicom" / name).read_bytes()
    store_part10(data, site=cast.county, actor=MODALITY)
    one = dcmread(io.BytesIO(data))
    path = f"studies/{one.StudyInstanceUID}/series/{one.SeriesInstanceUID}/instances/{one.SOPInstanceUID}"

    response = theo.get(f"/dicomweb/{path}/rendered", HTTP_ACCEPT="*/*")

    assert response["Content-Type"].startswith(kind)
    assert response.content.startswith(start)
    assert theo.get(f"/dicomweb/{path}/thumbnail", HTTP_ACCEPT="*/*").status_code == 404
