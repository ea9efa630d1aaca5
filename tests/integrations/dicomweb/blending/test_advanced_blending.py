"""Advanced blending presentation states as resources: what lies over which frame, refusals, and over the wire."""

from __future__ import annotations

import datetime as dt
import io

import numpy as np
import pytest
from dicomweb_client.api import DICOMwebClient
from highdicom import PaletteColorLUT, PaletteColorLUTTransformation
from highdicom.pr import (
    AdvancedBlending,
    AdvancedBlendingPresentationState,
    BlendingDisplay,
    BlendingDisplayInput,
    SoftcopyVOILUTTransformation,
)
from PIL import Image
from pydicom import dcmread
from pydicom.dataelem import RawDataElement
from pydicom.dataset import FileDataset
from pydicom.tag import Tag

from accounts.tokens import issue_token
from archive.studies.services import store_part10
from tests.archive.pixels.blends import advanced_state, matrix_of, registered, step, threshold
from tests.archive.pixels.states import item
from tests.integrations.dicomweb.blending.stored import (
    FRAME,
    MODALITY,
    OTHER_FRAME,
    OTHER_STUDY,
    SERIES,
    STATE,
    STUDY,
    URL,
    flat,
    grey,
    halves,
    named,
    pictures_of,
    red,
    referring,
    store_film,
    store_in_study,
    store_over,
    store_registration,
)
from tests.portal.stored_images import ct_slice, part10, store_ct


def as_read(made: FileDataset) -> FileDataset:
    """With what a file says of itself."""
    return dcmread(io.BytesIO(part10(made)))


def test_all_frames_of_the_geometry_are_shown_with_what_lies_over_them(theo, cast):
    """Slices of 0, 1 and 2 HU; 60 HU over that at 1 mm alone."""
    store_ct(cast.county, FrameOfReferenceUID=FRAME)
    store_over(cast.county, 1, PixelData=flat(60))
    store_in_study(cast.county, halves(grey(), red()))

    made = pictures_of(theo.get(URL, HTTP_ACCEPT='multipart/related; type="image/png"'))

    assert [picture[1, 1].tolist() for picture in made] == [[0] * 3, [78, 1, 1], [5] * 3]


def test_geometry_is_that_of_the_input_the_state_says(theo, cast):
    """The pixels and frames of the film: of 20 and 40 HU where the slices have 0 and 1 HU."""
    store_ct(cast.county, FrameOfReferenceUID=FRAME)
    store_film(cast.county, OTHER_STUDY, SERIES, {0: 20, 1: 40})
    store_in_study(cast.county, halves(grey(), red(GeometryForDisplay="TRUE")))

    response = theo.get(URL, HTTP_ACCEPT='multipart/related; type="image/png"')

    assert [picture[1, 1].tolist() for picture in pictures_of(response)] == [[26, 0, 0], [52, 1, 1]]


def test_one_input_needs_no_place_in_the_patient(theo, cast):
    (uid,) = store_ct(cast.county, slices=1, ImagePositionPatient=None).instances.values_list(
        "sop_instance_uid", flat=True
    )
    by = advanced_state([grey(ReferencedImageSequence=[named(uid)])], [step(1)])
    by.AdvancedBlendingSequence[0].ThresholdSequence = [threshold("LESS_THAN", -500)]
    store_in_study(cast.county, by)

    (made,) = pictures_of(theo.get(URL, HTTP_ACCEPT="image/png"))

    assert made.max() == 0


def test_input_comes_by_a_registration_of_its_own(theo, cast):
    """A volume at 11 mm that is registered 10 mm lower lies over the slice at 1 mm."""
    store_ct(cast.county, FrameOfReferenceUID=FRAME)
    store_over(
        cast.county, 0, FrameOfReferenceUID=OTHER_FRAME, ImagePositionPatient=[0, 0, 11], PixelData=flat(60)
    )
    lower = matrix_of((1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, -10))
    store_registration(cast.county, registered(lower, FrameOfReferenceUID=OTHER_FRAME))
    store_in_study(cast.county, halves(grey(), red(**referring())))

    made = pictures_of(theo.get(URL, HTTP_ACCEPT='multipart/related; type="image/png"'))

    assert [picture[1, 1].tolist() for picture in made] == [[0] * 3, [78, 1, 1], [5] * 3]


@pytest.mark.parametrize(
    ("inputs", "over", "code"),
    [
        ([grey(), red()], {"FrameOfReferenceUID": OTHER_FRAME}, "BLENDING_FRAME_OF_REFERENCE"),
        ([grey(), red()], {"ImagePositionPatient": [0, 0, 9]}, "BLENDING_PLANES"),
        ([grey(), red()], {"ImagePositionPatient": None}, "BLENDING_UNPLACED"),
        ([grey(), red()], {"PatientID": "C-2002"}, "BLENDING_PATIENTS"),
        ([grey(), grey(OTHER_STUDY, "1.2.9.5")], {}, "IMAGES_MISSING"),
        ([grey(), red(**referring())], {}, "BLENDING_REGISTRATION_MISSING"),
        ([grey(), red(**referring(instance=""))], {}, "BLENDING_REGISTRATION_MISSING"),
        ([grey(), grey(OTHER_STUDY, "")], {}, "IMAGES_MISSING"),
        ([grey(), grey("no UID", SERIES)], {}, "IMAGES_MISSING"),
    ],
)  # fmt: skip
def test_inputs_that_cannot_be_blended_are_refused_by_name(theo, cast, inputs, over, code):
    store_ct(cast.county, FrameOfReferenceUID=FRAME)
    store_over(cast.county, 1, **over)
    store_in_study(cast.county, halves(*inputs))

    response = theo.get(URL, HTTP_ACCEPT="image/png")

    assert (response.status_code, response.json()["code"]) == (406, code)


def without_number(by: FileDataset) -> None:
    del by.AdvancedBlendingSequence[0].BlendingInputNumber


def with_a_word_for_a_number(by: FileDataset) -> None:
    word = RawDataElement(Tag("ReferencedFrameNumber"), "IS", 4, b"none", 0, False, True)
    by.AdvancedBlendingSequence[0].ReferencedImageSequence = [item(ReferencedSOPInstanceUID="1.2.9")]
    by.AdvancedBlendingSequence[0].ReferencedImageSequence[0][word.tag] = word


def without_steps(by: FileDataset) -> None:
    by.BlendingDisplaySequence = []


@pytest.mark.parametrize("spoil", [without_number, with_a_word_for_a_number, without_steps])
def test_states_that_make_no_picture_are_refused_by_name(theo, cast, spoil):
    store_ct(cast.county, FrameOfReferenceUID=FRAME)
    by = advanced_state([grey()], [step(1)])
    spoil(by)
    store_in_study(cast.county, by)

    response = theo.get(URL, HTTP_ACCEPT="image/png")

    assert (response.status_code, response.json()["code"]) == (406, "PRESENTATION_UNSUITED")


def test_state_that_highdicom_makes_is_followed(theo, cast):
    """Red of 20 HU and blue of 60 HU of 0 to 100: 51 and 153 of 255, of which FOREGROUND takes a quarter of blue."""
    below, above = (
        as_read(ct_slice(STUDY, series, 0, FrameOfReferenceUID=FRAME, PixelData=flat(value)))
        for series, value in (("1.2.3.4", 20), ("1.2.3.6", 60))
    )
    window = SoftcopyVOILUTTransformation(window_center=50, window_width=100, voi_lut_function="LINEAR_EXACT")
    inputs = [
        AdvancedBlending(
            [image],
            blending_input_number=number,
            voi_lut_transformations=[window],
            palette_color_lut_transformation=highdicom_palette(colour),
        )
        for number, (image, colour) in enumerate(((below, 0), (above, 2)), start=1)
    ]
    shown = BlendingDisplay(
        "FOREGROUND", [BlendingDisplayInput(2), BlendingDisplayInput(1)], relative_opacity=0.25
    )
    by = AdvancedBlendingPresentationState(
        [below, above], inputs, [shown],
        series_instance_uid="1.2.3.5", series_number=5, sop_instance_uid=STATE, instance_number=1,
        manufacturer="M", manufacturer_model_name="M", software_versions="1", device_serial_number="1",
        content_label="FUSION",
    )  # fmt: skip
    written = io.BytesIO()
    by.save_as(written, enforce_file_format=True)
    for data in (part10(below), part10(above), written.getvalue()):
        store_part10(data, site=cast.county, actor=MODALITY)

    (made,) = pictures_of(theo.get(URL, HTTP_ACCEPT="image/png"))

    assert (made == [round(0.75 * 51), 0, round(0.25 * 153)]).all()


def highdicom_palette(colour: int) -> PaletteColorLUTTransformation:
    """One of red, green and blue, growing over 256 entries."""
    red, green, blue = (
        PaletteColorLUT(0, (np.arange(256) * (number == colour)).astype(np.uint8), color=name)
        for number, name in enumerate(("red", "green", "blue"))
    )
    return PaletteColorLUTTransformation(red, green, blue)


def test_what_a_client_stores_comes_back_blended_over_the_wire(live_server, cast):
    """EQUAL of 20 HU in grey and 60 HU in red, 51 and 153 of 255: red is their mean, green and blue half of 51."""
    _, secret = issue_token(cast.theo, label="test", lasts=dt.timedelta(days=1))
    headers = {"Authorization": f"Bearer {secret}", "Connection": "close"}  # no thread outlives its answer
    client = DICOMwebClient(url=f"{live_server.url}/dicomweb", headers=headers)
    by = advanced_state([grey(), red()], [step(1, 2)])
    by.StudyInstanceUID, by.SeriesInstanceUID, by.Modality = STUDY, "1.2.3.5", "PR"
    by.PatientID = "C-1001"
    sent = [
        ct_slice(study, series, 0, FrameOfReferenceUID=FRAME, PixelData=flat(value))
        for study, series, value in ((STUDY, "1.2.3.4", 20), (OTHER_STUDY, SERIES, 60))
    ]

    client.store_instances([as_read(sent[0]), as_read(by)])
    client.store_instances([as_read(sent[1])])
    data = client.retrieve_instance_rendered(STUDY, "1.2.3.5", STATE, media_types=("image/png",))
    client._session.close()

    assert (np.asarray(Image.open(io.BytesIO(data))) == [102, 26, 26]).all()
