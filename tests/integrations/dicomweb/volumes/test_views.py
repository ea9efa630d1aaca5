"""Volumetric presentation states as resources: their views, refusals, and who may see them (PS3.18 §10.4.1.1.3)."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pydicom import Dataset
from pydicom.dataset import FileDataset

from accounts.models import AuditEvent
from archive.pixels.sources import PixelSource, source_of
from archive.studies.services import store_part10
from integrations.dicomweb.retrieve.subjects import Subject
from integrations.dicomweb.volumes import views
from tests.archive.pixels.blends import matrix_of, registered
from tests.archive.pixels.states import item
from tests.archive.pixels.volumetric.views import (
    camera,
    colour_plane,
    component,
    compositor,
    grey_plane,
    plane,
    rendering,
    volumetric,
)
from tests.integrations.dicomweb.answers import parts_of
from tests.integrations.dicomweb.blending.stored import (
    FRAME,
    MODALITY,
    OTHER_FRAME,
    OTHER_STUDY,
    REGISTRATION,
    SERIES,
    STATE,
    STUDY,
    URL,
    flat,
    named,
    pictures_of,
    store_film,
    store_in_study,
    store_registration,
)
from tests.portal.stored_images import ct_slice, part10, store_ct

# Images of 8 by 8 voxels of 0.5 mm, 1 mm apart; HU from 0 to 2 are shown from black to white.
CORONAL = plane((0, 2, -0.5), right=(1, 0, 0), down=(0, 0, 1), size=(3, 3))
WINDOW = {"WindowCenter": 1, "WindowWidth": 2, "VOILUTFunction": "LINEAR_EXACT"}
DEPTHS = [0, 32, 96, 159, 223, 255]  # at -0.25, 0.25 ... 2.25 mm: between 0, 1 and 2 HU at 0, 1 and 2 mm
SEVERAL = 'multipart/related; type="image/png"'


@pytest.fixture
def theo(client, cast):
    client.force_login(cast.theo)
    return client


@pytest.fixture
def uids(cast) -> list[str]:
    """Slices at 0, 1 and 2 mm, of 0, 1 and 2 HU."""
    series = store_ct(cast.county, study=STUDY, FrameOfReferenceUID=FRAME)
    return list(series.instances.values_list("sop_instance_uid", flat=True))


def given(uids: list[str], *, number: int = 1, **elements: Any) -> tuple[Dataset, Dataset]:
    """The input set of these images, and the input."""
    set_uid = f"1.2.8.{number}"
    registration = elements.pop("registration", None)
    of_set = item(VolumetricPresentationInputSetUID=set_uid, PresentationInputType="VOLUME",
                  ReferencedImageSequence=[named(uid) for uid in uids])  # fmt: skip
    if registration is not None:
        of_set.ReferencedSpatialRegistrationSequence = [item(ReferencedSOPInstanceUID=registration)]
    shown = {
        "VolumetricPresentationInputNumber": number,
        "VolumetricPresentationInputSetUID": set_uid,
        "Crop": "NO",
    }
    return of_set, item(**shown, **(WINDOW | elements))


def coronal(uids: list[str], **elements: Any) -> FileDataset:
    return grey_plane([given(uids)], **(CORONAL | elements))


def store_over(site, depths: list[float], value: int, **elements: Any) -> list[str]:
    """Slices of another study at these depths, of as many HU."""
    made = [
        ct_slice(OTHER_STUDY, SERIES, index, PixelData=flat(value),
                 **{"FrameOfReferenceUID": FRAME, "ImagePositionPatient": [0, 0, z], **elements})
        for index, z in enumerate(depths)
    ]  # fmt: skip
    for one in made:
        store_part10(part10(one), site=site, actor=MODALITY)
    return [str(one.SOPInstanceUID) for one in made]


def of_two_studies(uids: list[str], over: list[str]) -> FileDataset:
    """Grey, and over it red of half of its opacity."""
    half = compositor(lambda _one, _two: 0.5, lambda _one, _two: 0.5)
    return colour_plane(
        [given(uids), given(over, number=2)], [component(1), component(2, colour="Red")], [half], **CORONAL,
        StudiesContainingOtherReferencedInstancesSequence=[item(StudyInstanceUID=OTHER_STUDY)],
    )  # fmt: skip


def code_of(response) -> tuple[int, str]:
    return response.status_code, response.json()["code"]


def test_plane_across_the_images_is_one_picture_of_the_state(theo, cast, uids):
    store_in_study(cast.county, coronal(uids))

    (made,) = pictures_of(theo.get(URL, HTTP_ACCEPT="image/png"))
    parts = parts_of(theo.get(URL, HTTP_ACCEPT=SEVERAL))

    assert made.tolist() == [[value] * 6 for value in DEPTHS]
    assert [part["Content-Location"] for part in parts] == [URL]


def test_viewport_is_what_the_view_is_fitted_into(theo, cast, uids):
    store_in_study(cast.county, coronal(uids))

    (made,) = pictures_of(theo.get(f"{URL}?viewport=30,12", HTTP_ACCEPT="image/png"))

    assert made.shape == (12, 12)
    assert made[0, 0] == 0
    assert made[-1, -1] == 255


def test_slab_is_rendered_by_the_method_of_its_input(theo, cast, uids):
    axial = plane((0, 1, 1), size=(3, 2), slab=2)
    store_in_study(cast.county, grey_plane([given(uids, RenderingMethod="MAXIMUM_IP")], **axial))

    (made,) = pictures_of(theo.get(URL, HTTP_ACCEPT="image/png"))

    assert (made == 255).all()


def test_frames_of_an_enhanced_image_make_a_volume(theo, cast):
    film = store_film(cast.county, STUDY, "1.2.3.4", {0: 0, 1: 1, 2: 2})
    store_in_study(cast.county, coronal([film]))

    (made,) = pictures_of(theo.get(URL, HTTP_ACCEPT="image/png"))

    assert made[:, 0].tolist() == DEPTHS


def test_inputs_of_two_studies_are_laid_over_each_other_and_both_audited(theo, cast, uids):
    """Red 255 by half, where it is; 0 to 255 of grey by half."""
    over = store_over(cast.county, [0, 2], 100)
    store_in_study(cast.county, of_two_studies(uids, over))

    (made,) = pictures_of(theo.get(URL, HTTP_ACCEPT="image/png"))

    half = 128 / 255
    assert made.shape == (6, 6, 3)
    grey = (0, 31.875, 95.625, 159.375, 223.125, 255)
    assert made[:, 0, 1].tolist() == [int(value * half + 0.5) for value in grey]
    assert made[0, 0].tolist() == [128, 0, 0]
    assert AuditEvent.objects.filter(action="study.retrieved", object_uid=OTHER_STUDY).count() == 1


def test_volume_is_rendered_from_its_viewpoint(theo, cast, uids):
    """2 HU alone is opaque: the image at 2 mm, seen from above it; the first row of pixels is air."""
    view = camera((1.75, 1.75, 12.25), (1.75, 1.75, 0), (-2, 2, 2, -2, 9, 20), up=(0, -1, 0))
    by = rendering(given(uids), component(table=[0] * 250 + [255] * 6), **view)
    store_in_study(cast.county, by)

    (made,) = pictures_of(theo.get(URL, HTTP_ACCEPT="image/png"))

    assert made.shape == (8, 8, 3)
    assert made[0].max() == 0
    assert made[2:].min() == 255


def test_volume_of_another_frame_of_reference_comes_by_its_registration(theo, cast):
    """Images at 10, 11 and 12 mm, registered 10 mm lower."""
    series = store_ct(cast.county, slices=1, FrameOfReferenceUID=OTHER_FRAME, ImagePositionPatient=[0, 0, 10])
    for index in (1, 2):
        made = ct_slice(STUDY, "1.2.3.4", index, value=index, FrameOfReferenceUID=OTHER_FRAME)
        made.ImagePositionPatient = [0, 0, 10 + index]
        store_part10(part10(made), site=cast.county, actor=MODALITY)
    every = list(series.instances.values_list("sop_instance_uid", flat=True))
    lower = matrix_of((1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, -10))
    store_registration(cast.county, registered(lower, FrameOfReferenceUID=OTHER_FRAME))
    store_in_study(cast.county, grey_plane([given(every, registration=REGISTRATION)], **CORONAL))

    (shown,) = pictures_of(theo.get(URL, HTTP_ACCEPT="image/png"))

    assert shown[:, 0].tolist() == DEPTHS


def test_uri_service_shows_the_state_and_no_image_by_it(theo, cast, uids):
    store_in_study(cast.county, coronal(uids))
    asked = f"/dicomweb/wado?requestType=WADO&studyUID={STUDY}&contentType=image/png"

    itself = theo.get(f"{asked}&seriesUID=1.2.3.5&objectUID={STATE}")
    by = f"presentationSeriesUID=1.2.3.5&presentationUID={STATE}"
    image = theo.get(f"{asked}&seriesUID=1.2.3.4&objectUID={uids[0]}&{by}")

    (made,) = pictures_of(itself)
    assert made[:, 0].tolist() == DEPTHS
    assert code_of(image) == (406, "PRESENTATION_UNSUITED")


def test_a_view_takes_no_frames_window_or_region(theo, cast, uids):
    store_in_study(cast.county, coronal(uids))

    of_frame = URL.replace("/rendered", "/frames/1/rendered")

    asked = (of_frame, f"{URL}?window=1,2,linear", f"{URL}?viewport=8,8,0,0,1,1")
    assert [theo.get(one, HTTP_ACCEPT="image/png").status_code for one in asked] == [404, 400, 400]


@pytest.mark.parametrize(
    ("elements", "code", "sentence"),
    [
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.11.10"}, "VOLUMETRIC_SEGMENTED", "PS3.4 B.5.1.24"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.11.11"}, "VOLUMETRIC_MULTIPLE", "PS3.4 B.5.1.24"),
        ({"MultiPlanarReconstructionStyle": "CURVED"}, "VOLUMETRIC_STYLE", "PS3.3 C.11.26"),
        ({"FrameOfReferenceUID": "1.2.78"}, "VOLUME_FRAME_OF_REFERENCE", "frame of reference"),
        ({"FrameOfReferenceUID": ""}, "VOLUME_UNPLACED", "frame of reference"),
        ({"MPRTopLeftHandCorner": [0.0, 2.0, 50.0]}, "VOLUME_OUT_OF_VIEW", "does not reach"),
        ({"MPRViewWidth": -1.0}, "PRESENTATION_UNSUITED", "cannot be applied"),
    ],
)
def test_states_that_make_no_view_are_refused_by_name(theo, cast, uids, elements, code, sentence):
    by = coronal(uids, **elements)
    by.file_meta.MediaStorageSOPClassUID = by.SOPClassUID
    store_in_study(cast.county, by)

    response = theo.get(URL, HTTP_ACCEPT="image/png")

    assert code_of(response) == (406, code)
    assert sentence in response.json()["message"]


@pytest.mark.parametrize(
    ("elements", "code"),
    [
        ({"PatientID": "C-2002"}, "BLENDING_PATIENTS"),
        ({"ImagePositionPatient": None}, "VOLUME_UNPLACED"),
        ({"ImageOrientationPatient": [1, 0, 0, 0, 0.6, 0.8]}, "VOLUME_AMBIGUOUS"),
        ({"FrameOfReferenceUID": "1.2.78"}, "VOLUME_FRAME_OF_REFERENCE"),
        ({"PhotometricInterpretation": "MONOCHROME1"}, "VOLUME_NOT_GREY"),
    ],
)
def test_images_that_make_no_volume_are_refused_by_name(theo, cast, uids, elements, code):
    """The reason comes out of the decoder's process with its sentence, too."""
    depths = [0.0, 0.0] if code == "VOLUME_AMBIGUOUS" else [0.0, 2.0]
    store_in_study(cast.county, of_two_studies(uids, store_over(cast.county, depths, 1, **elements)))

    response = theo.get(URL, HTTP_ACCEPT="image/png")

    assert code_of(response) == (406, code)
    assert "decoded" not in response.json()["message"]


def test_volume_that_lacks_an_image_is_none(theo, cast, uids):
    store_in_study(cast.county, coronal([*uids, "1.2.3.4.999"]))

    assert code_of(theo.get(URL, HTTP_ACCEPT="image/png")) == (406, "IMAGES_MISSING")


def test_volume_of_a_study_that_may_not_be_seen_is_as_if_not_there(theo, cast, uids):
    store_in_study(cast.county, of_two_studies(uids, store_over(cast.elsewhere, [0, 2], 1)))

    assert code_of(theo.get(URL, HTTP_ACCEPT="image/png")) == (406, "IMAGES_MISSING")


def test_volume_of_a_study_the_state_does_not_refer_to_is_not_looked_for(theo, cast, uids):
    by = of_two_studies(uids, store_over(cast.county, [0, 2], 1))
    del by.StudiesContainingOtherReferencedInstancesSequence
    store_in_study(cast.county, by)

    assert code_of(theo.get(URL, HTTP_ACCEPT="image/png")) == (406, "IMAGES_MISSING")


@pytest.mark.parametrize("uid", ["1.2.3.999", ""])
def test_registration_that_is_not_there_is_told_of(theo, cast, uids, uid):
    store_in_study(cast.county, grey_plane([given(uids, registration=uid)], **CORONAL))

    assert code_of(theo.get(URL, HTTP_ACCEPT="image/png")) == (406, "BLENDING_REGISTRATION_MISSING")


def test_object_that_is_no_registration_does_not_place_a_volume(theo, cast, uids):
    store_in_study(cast.county, grey_plane([given(uids, registration=uids[0])], **CORONAL))

    assert code_of(theo.get(URL, HTTP_ACCEPT="image/png")) == (406, "BLENDING_REGISTRATION_CLASS")


def test_state_of_another_site_is_not_there(theo, cast):
    store_in_study(cast.elsewhere, coronal(["1.2.3.4.1", "1.2.3.4.2"]))

    assert theo.get(URL, HTTP_ACCEPT="image/png").status_code == 404


def test_large_volumes_are_viewed_with_as_many_statements_as_small_ones(theo, cast):
    series = store_ct(cast.county, slices=12, FrameOfReferenceUID=FRAME)
    every = list(series.instances.order_by("instance_number").values_list("sop_instance_uid", flat=True))
    small, large = coronal(every[:3]), coronal(every, SOPInstanceUID="1.2.3.4.9")
    for by in (small, large):
        store_in_study(cast.county, by)

    def statements(url: str) -> int:
        assert theo.get(url, HTTP_ACCEPT="image/png").status_code == 200
        with CaptureQueriesContext(connection) as captured:
            theo.get(url, HTTP_ACCEPT="image/png")
        return len(captured)

    assert statements(URL) == statements(URL.replace(STATE, "1.2.3.4.9")) <= 10


def test_only_what_the_view_reaches_is_handed_to_a_decoder(theo, cast, monkeypatch):
    """At 6.5 mm of 0 to 11 mm, the images at 6 and 7 mm."""
    series = store_ct(cast.county, slices=12, FrameOfReferenceUID=FRAME)
    every = list(series.instances.values_list("sop_instance_uid", flat=True))
    axial = plane((0, 1, 6.5), size=(3, 2))
    store_in_study(cast.county, grey_plane([given(every, WindowCenter=50, WindowWidth=100)], **axial))
    opened: list[int] = []

    def noted(subject: Subject) -> PixelSource:
        opened.append(subject.pk)
        return source_of(subject)

    monkeypatch.setattr(views, "source_of", noted)

    (made,) = pictures_of(theo.get(URL, HTTP_ACCEPT="image/png"))

    assert (made == int(0.065 * 255 + 0.5)).all()
    assert len(opened) == 2


def test_volumes_beyond_the_largest_are_refused_before_they_are_opened(theo, cast, uids, monkeypatch):
    monkeypatch.setattr(views, "MOST_VOXELS", 2 * 8 * 8)
    store_in_study(cast.county, coronal(uids))

    assert code_of(theo.get(URL, HTTP_ACCEPT="image/png")) == (406, "VOLUME_TOO_LARGE")


def test_objects_that_would_have_to_be_held_are_refused_if_they_are_large(theo, cast, uids, monkeypatch):
    monkeypatch.setattr(views, "MOST_CARRIED", 20)
    monkeypatch.setattr(views, "source_of", lambda _subject: PixelSource(data=bytes(8)))
    store_in_study(cast.county, coronal(uids))

    assert code_of(theo.get(URL, HTTP_ACCEPT="image/png")) == (406, "VOLUME_TOO_LARGE")


def test_state_without_inputs_is_refused_by_name(theo, cast, uids):
    store_in_study(cast.county, volumetric("1.2.840.10008.5.1.4.1.1.11.6", [], **CORONAL))

    assert code_of(theo.get(URL, HTTP_ACCEPT="image/png")) == (406, "VOLUMETRIC_INPUTS")
