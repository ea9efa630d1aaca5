"""PS3.18 §9 URI service (WADO-URI): parameters, media types and statuses of both transactions."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from django.test import Client
from PIL import Image
from pydicom import Dataset, dcmread
from pydicom.uid import UID, ExplicitVRLittleEndian, ImplicitVRLittleEndian, JPEGLSLossless

from accounts.actors import SystemActor
from accounts.models import AuditEvent
from archive.deidentification import burnt_in
from archive.pixels.messages import receive
from archive.pixels.pool import Decoder
from archive.studies.services import store_part10
from common.uids import derived_uid
from tests.archive.pixels.states import item, state
from tests.archive.studies.objects import ct_slice, part10

CT = SystemActor("dicom:CT1", "county")
STUDY, SERIES = derived_uid("study"), derived_uid("study", "series")
OBJECT = derived_uid("study", "series", 1)
NAMED = {"requestType": "WADO", "studyUID": STUDY, "seriesUID": SERIES, "objectUID": OBJECT}
AS_DICOM, AS_PNG = {"contentType": "application/dicom"}, {"contentType": "image/png"}
RAMP = np.tile(np.arange(8, dtype=np.int16), (8, 1))  # column x is x everywhere


@pytest.fixture
def instance(cast) -> Dataset:
    dataset = ct_slice(1, PixelData=RAMP.tobytes(), WindowCenter="4", WindowWidth="8")
    store_part10(part10(dataset), site=cast.county, actor=CT)
    return dataset


@pytest.fixture
def wado(client: Client, cast, instance):
    client.force_login(cast.theo)

    def ask(parameters=None, *, accept="*/*", **more):
        return client.get(
            "/dicomweb/wado", {**NAMED, **(parameters or {}), **more}, headers={"Accept": accept}
        )

    return ask


def dies(decoder, _head, _body, *, timeout_s):
    """What becomes of a decoder over a damaged image: its caller reads the end of the connection."""
    decoder.process.kill()
    decoder.connection.settimeout(timeout_s)
    return receive(decoder.connection)


def object_of(response) -> Dataset:
    assert response.status_code == 200
    assert response["Content-Type"].startswith("application/dicom; transfer-syntax=")
    data = b"".join(response.streaming_content) if response.streaming else response.content
    assert int(response["Content-Length"]) == len(data)
    return dcmread(io.BytesIO(data))


def picture_of(response) -> np.ndarray:
    assert response.status_code == 200, response.content
    return np.asarray(Image.open(io.BytesIO(response.content)))


@pytest.mark.parametrize("missing", NAMED)
def test_9_1_2_1_the_type_of_request_and_all_three_uids_are_required(wado, missing):
    response = wado(**{missing: ""})

    assert response.status_code == 400
    assert list(response.json()["fields"]) == [missing]


def test_9_1_2_1_1_a_request_of_another_type_is_a_bad_one(wado):
    assert wado(requestType="WADORS").status_code == 400


@pytest.mark.parametrize("name", ["studyUID", "seriesUID", "objectUID"])
def test_9_1_2_1_every_uid_has_to_fit(wado, name):
    assert wado(**{name: "1.2.3.4"}).status_code == 404
    assert wado(**{name: "../etc"}).status_code == 400


def test_9_1_2_parameters_come_in_any_order_and_names_are_case_sensitive(client, cast, instance):
    client.force_login(cast.theo)
    backwards = "&".join(f"{name}={value}" for name, value in reversed(NAMED.items()))

    assert client.get(f"/dicomweb/wado?{backwards}").status_code == 200
    assert client.get(f"/dicomweb/wado?{backwards.replace('studyUID', 'studyuid')}").status_code == 400
    assert client.get(f"/dicomweb/wado?{backwards}&requestType=other").status_code == 400


def test_9_3_without_a_word_on_media_types_it_is_a_jpeg(wado):
    response = wado()

    assert response["Content-Type"] == "image/jpeg"
    assert picture_of(response).shape == (8, 8)


def test_9_1_2_2_1_the_parameter_goes_before_the_header(wado):
    response = wado(contentType="image/png", accept="image/gif")
    assert response["Content-Type"] == "image/png"
    assert wado(accept="image/gif")["Content-Type"] == "image/gif"
    assert wado(contentType="image/gif;q=0.5,image/png")["Content-Type"] == "image/png"


def test_9_1_2_2_2_texts_are_to_be_had_in_utf_8_only(wado):
    assert wado(charset="utf-8").status_code == 200
    assert wado(charset="ISO-8859-1,UTF-8;q=0.5").status_code == 200
    assert wado(charset="GB18030").status_code == 400


def test_9_4_an_object_comes_in_explicit_vr_little_endian(wado, instance):
    given = object_of(wado(AS_DICOM))

    assert given.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
    assert given.SOPInstanceUID == OBJECT
    assert given.PixelData == instance.PixelData


@pytest.mark.parametrize("syntax", [JPEGLSLossless, ImplicitVRLittleEndian])
def test_9_4_1_2_3_an_object_comes_in_the_transfer_syntax_that_is_named(wado, syntax):
    given = object_of(wado(AS_DICOM, transferSyntax=syntax))

    assert given.file_meta.TransferSyntaxUID == syntax
    assert np.array_equal(given.pixel_array, RAMP)


def test_9_4_1_2_3_a_transfer_syntax_that_cannot_be_had_is_not_acceptable(wado):
    assert wado(AS_DICOM, transferSyntax="1.2.840.10008.1.2.4.102").status_code == 406
    assert wado(AS_DICOM, transferSyntax="JPEG").status_code == 400


@pytest.mark.skipif(not burnt_in.is_available(), reason="the text detector is not installed")
def test_9_4_1_2_1_an_anonymous_object_tells_nobody_and_is_another_one(wado, instance):
    response = wado(AS_DICOM, anonymize="yes")
    given = object_of(response)

    assert given.PatientIdentityRemoved == "YES"
    methods = [code.CodeValue for code in given.DeidentificationMethodCodeSequence]
    assert methods[:2] == ["113100", "113101"]  # the Basic profile, with Clean Pixel Data
    told = str(given) + str(response.headers)
    assert not any(str(secret) in told for secret in ("Hua", "P1", OBJECT, SERIES, STUDY))
    assert np.array_equal(given.pixel_array, RAMP)


def test_9_4_1_2_1_an_object_over_whose_pixels_the_decoder_dies_is_not_given(wado, cast, monkeypatch):
    screen = ct_slice(4, Modality="OT")
    store_part10(part10(screen), site=cast.county, actor=CT)
    monkeypatch.setattr(burnt_in, "is_available", lambda: True)
    monkeypatch.setattr(Decoder, "ask", dies)

    refused = wado(AS_DICOM, objectUID=screen.SOPInstanceUID, anonymize="yes")

    assert (refused.status_code, refused.json()["code"]) == (406, "DECODER_CRASHED")
    assert object_of(wado(AS_DICOM, objectUID=screen.SOPInstanceUID)).Modality == "OT"


def test_9_4_1_2_1_what_asks_to_hide_somebody_is_never_passed_over(wado):
    assert wado(AS_PNG, anonymize="yes").status_code == 406
    assert wado(AS_DICOM, anonymize="no").status_code == 400


@pytest.mark.parametrize(
    "query",
    [{"frameNumber": "1"}, {"rows": "4", "columns": "4"}, {"windowCenter": "1", "windowWidth": "2"},
     {"region": "0,0,1,1"}, {"imageQuality": "50"}],
)  # fmt: skip
def test_9_5_1_2_parameters_of_pictures_do_not_go_with_objects(wado, query):
    assert wado(AS_DICOM, **query).status_code == 400


def test_9_5_a_picture_of_what_has_none_is_not_acceptable_but_the_object_is(wado, cast):
    plan = ct_slice(9, SOPClassUID="1.2.840.10008.5.1.4.1.1.481.5", Modality="RTPLAN", PixelData=None)
    store_part10(part10(plan), site=cast.county, actor=CT)
    named = {"objectUID": plan.SOPInstanceUID}

    assert wado(named, contentType="image/jpeg").status_code == 406
    assert object_of(wado(named)).Modality == "RTPLAN"


def test_9_5_1_2_1_one_frame_of_several_is_shown(wado, cast):
    frames = np.stack([np.full((8, 8), value, np.int16) for value in (0, 4, 8)])
    film = ct_slice(2, NumberOfFrames=3, PixelData=frames.tobytes(), WindowCenter="4", WindowWidth="8")
    store_part10(part10(film), site=cast.county, actor=CT)
    named = {**AS_PNG, "objectUID": film.SOPInstanceUID}

    assert picture_of(wado(named, frameNumber=1)).max() == 0
    assert picture_of(wado(named, frameNumber=3)).min() == 255
    assert wado(named, frameNumber=4).status_code == 400
    assert wado(named, frameNumber=0).status_code == 400


def test_9_5_1_2_2_a_picture_is_annotated_on_request(wado, cast):
    large = ct_slice(3, PixelData=bytes(2 * 256 * 256), Rows=256, Columns=256)
    store_part10(part10(large), site=cast.county, actor=CT)
    named = {**AS_PNG, "objectUID": large.SOPInstanceUID}

    assert picture_of(wado(named)).max() == 0
    assert picture_of(wado(named, annotation="patient,technique,whatever")).max() > 0
    assert picture_of(wado(named, imageAnnotation="patient")).max() > 0


def test_9_5_1_2_3_quality_is_from_1_to_100(wado):
    assert len(wado(imageQuality=1).content) < len(wado(imageQuality=100).content)
    assert [wado(imageQuality=value).status_code for value in ("0", "101", "x")] == [400] * 3


def test_9_5_1_2_4_rows_and_columns_are_a_viewport_into_which_the_picture_fits(wado):
    assert picture_of(wado(AS_PNG, rows=32, columns=16)).shape == (16, 16)
    assert wado(rows=32).status_code == 400
    assert wado(columns=32).status_code == 400
    assert wado(rows=0, columns=8).status_code == 400


def test_9_5_1_2_5_a_region_is_named_in_fractions_of_the_image(wado):
    whole = picture_of(wado(AS_PNG))
    part = picture_of(wado(AS_PNG, region="0.5,0.25,1.0,0.75"))

    assert np.array_equal(part, whole[2:6, 4:8])


@pytest.mark.parametrize(
    "region", ["0,0,1", "0.5,0,0.5,1", "0,0,1.5,1", "-0.1,0,1,1", "a,b,c,d", "0,0,nan,1"]
)
def test_9_5_1_2_5_a_region_that_is_none_is_a_bad_request(wado, region):
    assert wado(region=region).status_code == 400


def test_9_5_1_2_6_a_window_is_told_by_center_and_width(wado):
    shown = picture_of(
        wado(AS_PNG, windowCenter="4", windowWidth="1")
    )  # above 3.5 is white (PS3.3 C.11.2.1.2.1)

    assert np.array_equal(shown[0], [0, 0, 0, 0, 255, 255, 255, 255])
    assert wado(windowCenter="4").status_code == 400
    assert wado(windowWidth="4").status_code == 400
    assert wado(windowCenter="4", windowWidth="0").status_code == 400


def test_9_5_1_2_7_a_picture_is_shown_by_a_presentation_state(client, cast, shared_data: Path):
    folder = shared_data / "dicom" / "presentation_state"
    for name in ("imageForPrLUTs.dcm", "prLUTs.dcm"):
        store_part10((folder / name).read_bytes(), site=cast.county, actor=CT)
    image, state = dcmread(folder / "imageForPrLUTs.dcm"), dcmread(folder / "prLUTs.dcm")
    client.force_login(cast.theo)
    named = {
        "requestType": "WADO", "studyUID": image.StudyInstanceUID, "seriesUID": image.SeriesInstanceUID,
        "objectUID": image.SOPInstanceUID, **AS_PNG, "presentationUID": state.SOPInstanceUID,
    }  # fmt: skip
    by_state = {**named, "presentationSeriesUID": state.SeriesInstanceUID}

    shown = picture_of(client.get("/dicomweb/wado", by_state))

    assert np.array_equal(shown, np.asarray(Image.open(folder / "expected_imgForPrLUT.png")))
    assert client.get("/dicomweb/wado", named).status_code == 400
    half = client.get("/dicomweb/wado", {**by_state, "region": "0,0,0.5,1"})
    assert np.array_equal(picture_of(half), shown[:, : shown.shape[1] // 2])


@pytest.mark.parametrize("beside", [{"frameNumber": "1"}, {"windowCenter": "1", "windowWidth": "2"}])
def test_9_5_1_2_7_neither_a_frame_nor_a_window_is_named_beside_a_presentation_state(wado, beside):
    by_state = {"presentationUID": "1.2.3", "presentationSeriesUID": SERIES}

    refused = wado({**by_state, **beside})

    assert (refused.status_code, list(refused.json()["fields"])) == (400, [min(beside)])


def test_9_5_2_3_what_is_no_existing_presentation_state_is_a_bad_request(wado):
    itself = {"presentationUID": OBJECT, "presentationSeriesUID": SERIES}

    assert wado(itself).status_code == 400
    assert wado({**itself, "presentationUID": "1.2.3"}).status_code == 400
    assert wado({**itself, "presentationSeriesUID": "1.2.3"}).status_code == 400


def test_9_5_2_3_a_target_that_is_a_presentation_state_is_its_first_image(client, cast, wado, instance):
    by = state(
        of=instance.SOPInstanceUID, SOPInstanceUID="1.2.3.6", StudyInstanceUID=STUDY, SeriesInstanceUID="1.2.3.5",
        Modality="PR", PatientID=instance.PatientID, PresentationLUTShape="INVERSE",
        SoftcopyVOILUTSequence=[item(WindowCenter=4, WindowWidth=1)],
    )  # fmt: skip
    by.file_meta.MediaStorageSOPInstanceUID = UID("1.2.3.6")
    store_part10(part10(by), site=cast.county, actor=CT)
    named = {"seriesUID": "1.2.3.5", "objectUID": "1.2.3.6"}

    shown = picture_of(wado(AS_PNG, **named))

    assert np.array_equal(shown[0], [255, 255, 255, 255, 0, 0, 0, 0])
    assert picture_of(wado(AS_PNG, **named, rows=4, columns=16)).shape == (4, 4)
    for beside in ({"frameNumber": 1}, {"region": "0,0,1,1"}, {"windowCenter": 1, "windowWidth": 2}):
        assert wado(AS_PNG, **named, **beside).status_code == 400
    assert object_of(wado(AS_DICOM, **named)).SOPClassUID == by.SOPClassUID


def test_8_11_what_a_person_may_not_see_is_not_there_and_what_is_seen_is_noted(client, cast, wado):
    assert wado().status_code == 200
    assert AuditEvent.objects.get(action="study.retrieved").detail["transaction"] == "wado-uri"

    client.force_login(cast.otto)
    assert wado().status_code == 404
    client.logout()
    assert wado().status_code == 401
