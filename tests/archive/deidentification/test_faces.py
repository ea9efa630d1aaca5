"""Nothing of a face can be rendered from a head's images any more, and the brain in them is as it was.

The phantom's nose, eyes and brain are ellipsoids of known place, so what is left of them is counted voxel by voxel.
Published heads are defaced already; the real one here tells of the brain.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, replace

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import FileDataset
from pydicom.uid import ExplicitVRLittleEndian, JPEGLSLossless

from archive.deidentification.faces import cleaning
from archive.deidentification.faces.morphology import closed, distances, flooded, opened
from archive.deidentification.faces.planes import planes_of
from archive.deidentification.faces.scope import Showing, showing
from archive.deidentification.options import Option
from archive.deidentification.services import Profile, Siblings, deidentify
from common.errors import InvalidInput
from compute.phantoms.enhanced import enhanced
from compute.phantoms.geometry import StackGeometry
from compute.phantoms.head import BRAIN
from compute.phantoms.headers import StudyHeader
from compute.phantoms.secondary import secondary_capture
from compute.phantoms.shapes import Ellipsoid
from compute.phantoms.writing import datasets, make_phantom
from tests.archive.deidentification.conftest import as_file

CLEAN = Profile(frozenset({Option.CLEAN_VISUAL_FEATURES}))
NOSE = Ellipsoid((0, -104, -26), (9, 14, 20))
EARS = [Ellipsoid((side * 84, 10, -20), (16, 8, 26)) for side in (-1, 1)]
BEHIND_MM = 200.0
SIGNAL = 100  # the phantom's skin is 620, its air 12 with noise of 12
AXIAL = StackGeometry(100, 84, 64, (2.5, 2.5), 3.0, 3.0, (0.0, 0.0, -10.0))
SAGITTAL = StackGeometry(  # the one stack here that shows the vertex
    84, 100, 66, (2.5, 2.5), 3.0, 3.0, (0.0, 0.0, -4.0), (0.0, 1.0, 0.0), (0.0, 0.0, -1.0)
)
CORONAL = StackGeometry(
    80, 84, 76, (2.5, 2.5), 3.0, 3.0, (0.0, 0.0, -10.0), (1.0, 0.0, 0.0), (0.0, 0.0, -1.0)
)
TILTED = replace(AXIAL, shear_mm=0.9)


def within(shape, points):
    """Which points lie in an ellipsoid."""
    x, y, z = np.broadcast_arrays(*points)
    (a, b, c), (u, v, w) = shape.center, shape.semi_axes
    return ((x - a) / u) ** 2 + ((y - b) / v) ** 2 + ((z - c) / w) ** 2 <= 1


@dataclass
class Images:
    """A head's series before and after, with the place of every voxel."""

    before: np.ndarray
    after: np.ndarray
    points: tuple[np.ndarray, ...]
    datasets: list[FileDataset]

    def front(self, volume):
        """How far in front (mm) the foremost signal is, for every line of sight from the front."""
        x, y, z = self.points
        columns = np.round(x / 5).astype(int) + 40, np.round(z / 5).astype(int) + 40
        front = np.full((80, 80), -BEHIND_MM)
        np.maximum.at(front, columns, np.where(volume > SIGNAL, -y, -BEHIND_MM))
        return front


def points_of(geometry):
    """Where the voxels of a stack lie."""
    rows, columns = np.arange(geometry.rows, dtype=float), np.arange(geometry.columns, dtype=float)
    slices = [geometry.points(k, rows, columns) for k in geometry.present]
    shape = (geometry.rows, geometry.columns)
    return tuple(np.stack([np.broadcast_to(one[axis], shape) for one in slices]) for axis in range(3))


def head_series(geometry, change=lambda values: values):
    """The phantom head, with ears; stored values may be changed."""
    made = list(
        datasets(
            make_phantom("mr"), geometry, StudyHeader(seed=4), transfer_syntax_uid=ExplicitVRLittleEndian
        )
    )
    points = points_of(geometry)
    for k, ds in enumerate(made):
        values = ds.pixel_array.copy()
        for ear in EARS:
            values[within(ear, [axis[k] for axis in points]) & (values < SIGNAL)] = 620
        ds.PixelData = change(values).astype("<u2").tobytes()
    return made


def cleaned(made, key):
    files = [as_file(ds) for ds in made]
    siblings = Siblings(key, lambda: iter(files))
    return [dcmread(io.BytesIO(deidentify(data, profile=CLEAN, siblings=siblings))) for data in files]


@pytest.fixture(scope="module")
def heads():
    """Cleaned heads by the name of their orientation."""
    found = {}
    for name, geometry in {
        "axial": AXIAL, "sagittal": SAGITTAL, "coronal": CORONAL, "tilted": TILTED,
    }.items():  # fmt: skip
        made = head_series(geometry)
        after = cleaned(made, name)
        found[name] = Images(
            np.stack([ds.pixel_array for ds in made]),
            np.stack([ds.pixel_array for ds in after]),
            points_of(geometry),
            after,
        )
    return found


@pytest.mark.parametrize("orientation", ["axial", "sagittal", "coronal", "tilted"])
def test_no_threshold_finds_the_nose_or_the_ears_again(heads, orientation):
    head = heads[orientation]
    for part in (NOSE, *EARS):
        outside = within(part, head.points) & ~within(Ellipsoid((0, 0, 0), (78, 98, 92)), head.points)
        assert (head.before[outside] > SIGNAL).mean() > 0.9
        assert (head.after[outside] == 0).all()  # not even noise

    before, after = head.front(head.before), head.front(head.after)
    assert ridge(before).min() > 15
    assert ridge(after).max() < 10  # 3.6 mm are the bend of the face itself, and voxels are up to 3 mm deep
    cheeks = (slice(35, 46), slice(33, 38))
    assert (before - after)[cheeks].min() > 9  # the skin is gone, and the lids with it


def ridge(front):
    """How far the middle of the face stands out from what is 20 mm beside it, by height (mm)."""
    heights = slice(34, 38)  # -30 to -10 mm: the nose's
    return front[40, heights] - (front[36, heights] + front[44, heights]) / 2


@pytest.mark.parametrize("orientation", ["axial", "sagittal", "coronal", "tilted"])
def test_no_voxel_of_the_brain_is_another(heads, orientation):
    head = heads[orientation]
    brain = within(BRAIN, head.points) & (head.points[2] > -26)
    assert brain.sum() > 40_000

    np.testing.assert_array_equal(head.after[brain], head.before[brain])


def test_outside_of_the_head_lies_nothing_at_all(heads):
    head = heads["axial"]
    far = ~within(Ellipsoid((0, 0, -10), (90, 120, 110)), head.points) & (head.points[2] > -60)

    assert head.before[far].max() > 0
    assert head.after[far].max() == 0


def test_a_ct_in_hounsfield_units_loses_its_face_to_air():
    def hounsfield(values):
        return np.where(values > SIGNAL, 1064, 24)  # soft tissue of 40 HU in air of -1000

    made = head_series(AXIAL, hounsfield)
    for ds in made:
        ds.Modality, ds.SOPClassUID = "CT", "1.2.840.10008.5.1.4.1.1.2"
        ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
        ds.RescaleIntercept, ds.RescaleSlope = "-1024", "1"
    points = points_of(AXIAL)

    after = np.stack([ds.pixel_array for ds in cleaned(made, "ct")])

    outside = within(NOSE, points) & ~within(Ellipsoid((0, 0, 0), (78, 98, 92)), points)
    assert np.unique(after[outside]).tolist() == [24]


def test_an_enhanced_object_is_a_series_by_itself(applied):
    made = head_series(AXIAL)
    done = applied(enhanced(made, series_instance_uid="1.2.3"), "visual_features")
    points = points_of(AXIAL)

    outside = within(NOSE, points) & ~within(Ellipsoid((0, 0, 0), (78, 98, 92)), points)
    assert done.pixel_array[outside].max() == 0
    brain = within(BRAIN, points) & (points[2] > -26)
    np.testing.assert_array_equal(done.pixel_array[brain], np.stack([ds.pixel_array for ds in made])[brain])


def test_a_slice_that_shows_nothing_but_nose_is_blanked():
    tip = replace(CORONAL, slices=1, center_mm=(0.0, -110.0, -10.0))
    (ds,) = head_series(tip)
    assert (ds.pixel_array > SIGNAL).any()

    (done,) = cleaned([ds], "tip")

    assert done.pixel_array.max() == 0


def test_compressed_images_leave_native_and_say_what_was_done(dicom_errors):
    made = head_series(replace(AXIAL, slices=8, spacing_mm=20.0))
    for ds in made:
        ds.compress(JPEGLSLossless, generate_instance_uid=False)
    files = [as_file(ds) for ds in made]
    profile = Profile(frozenset({Option.CLEAN_VISUAL_FEATURES, Option.RETAIN_UIDS}))

    data = deidentify(files[3], profile=profile, siblings=Siblings("compressed", lambda: iter(files)))

    done = dcmread(io.BytesIO(data))
    assert done.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
    assert done.RecognizableVisualFeatures == "NO"
    assert (done.ImageType[0], done.DerivationDescription) == ("DERIVED", "Surface of the head removed")
    assert "113102" in [code.CodeValue for code in done.DeidentificationMethodCodeSequence]
    assert done.SOPInstanceUID != made[3].SOPInstanceUID  # other pixels are another instance, even here
    assert dicom_errors(data) == []


def refusal(ds, profile=CLEAN):
    with pytest.raises(InvalidInput) as refused:
        deidentify(as_file(ds), profile=profile)
    return refused.value.code


def test_what_cannot_be_cleaned_is_refused_by_name():
    (ds,) = head_series(replace(AXIAL, slices=1))
    assert refusal(ds) == "FACE_NEEDS_SERIES"

    scout = dcmread(io.BytesIO(as_file(ds)))
    scout.Modality, scout.ImageType = "CT", ["ORIGINAL", "PRIMARY", "LOCALIZER"]
    assert refusal(scout) == "FACE_IN_PICTURE"
    rendering = secondary_capture(StudyHeader(), lines=())
    rendering.BurnedInAnnotation = "NO"
    assert refusal(rendering) == "FACE_IN_PICTURE"

    del ds.ImageOrientationPatient
    assert refusal(ds) == "FACE_POSITION_UNKNOWN"

    ds.RecognizableVisualFeatures = "YES"
    assert refusal(ds, Profile()) == "RECOGNIZABLE_FEATURES"


@pytest.mark.parametrize(
    ("elements", "shown"),
    [
        ({"BodyPartExamined": "HEAD"}, Showing.HEAD),
        ({"BodyPartExamined": "WHOLEBODY"}, Showing.HEAD),
        ({"BodyPartExamined": "KNEE"}, Showing.NO_FACE),
        ({"RecognizableVisualFeatures": "NO"}, Showing.NO_FACE),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.77.1.4"}, Showing.PICTURE),  # VL photographic image
        (
            {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.481.3"},
            Showing.PICTURE,
        ),  # RT structure set: the skin's contour
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.88.33"}, Showing.NO_FACE),  # report
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.6.1", "Modality": "US"}, Showing.NO_FACE),
    ],
)
def test_what_an_object_may_show_is_told_by_its_class_and_body_part(elements, shown):
    (ds,) = head_series(replace(AXIAL, slices=1))
    for keyword, value in elements.items():
        setattr(ds, keyword, value)

    assert showing(ds) is shown


def test_the_brain_of_a_real_head_stays_whole(shared_data):
    """At most a thousandth of it: this head was defaced before, close to the frontal lobes."""
    files = sorted((shared_data / "volumes" / "mr_t1_head").glob("*.dcm"))[::2]
    siblings = Siblings("real", lambda: (file.read_bytes() for file in files))
    first = dcmread(files[0])
    (head,) = cleaning._heads(first, planes_of(first), first.pixel_array, siblings).values()

    images = [dcmread(file) for file in files]
    planes = [planes_of(ds)[0] for ds in images]
    order = np.argsort([head.grid.layer(plane) for plane in planes])
    coarse = np.s_[::4, ::4]  # 2.7 x 2.8 mm
    values = np.stack([images[at].pixel_array[coarse] for at in order])[::2]
    kept = np.stack([head.kept(planes[at])[coarse] for at in order])[::2]

    spacing = (2.667, 2.667, 2.8)
    bright = values > 25
    cores = (
        distances(~bright, spacing, limit_mm=9) > 5
    )  # white matter and thick cortex, parted from the scalp
    seed = np.zeros_like(cores)
    seed[60:64, 44:52, 32:40] = True
    brain = (distances(flooded(cores, seed), spacing, limit_mm=9) <= 5) & bright
    size_ml = brain.sum() * np.prod(spacing) / 1000
    assert 900 < size_ml < 1500  # grey and white matter of an adult
    assert (brain & ~kept).sum() < 0.001 * brain.sum()


def test_distances_are_euclidean_and_openings_are_by_balls():
    marked = np.zeros((9, 9, 9), bool)
    marked[4, 4, 4] = True
    away = distances(marked, (2.0, 1.0, 1.0), limit_mm=20)
    assert away[6, 7, 4] == pytest.approx(5.0)  # 4 mm up, 3 mm along
    assert away[4, 4, 4] == 0

    plate = np.zeros((30, 30, 30), bool)
    plate[5:25, 5:25, 5:25] = True
    plate[14:16, 14:16, 25:29] = True  # a spike of 2 mm
    smooth = opened(plate, (1.0, 1.0, 1.0), radius_mm=3)
    assert not smooth[:, :, 26:].any()
    assert smooth[15, 15, 5:25].all()
    plate[14:16, 14:16, 20:] = False  # a hole of 2 mm
    assert closed(plate, (1.0, 1.0, 1.0), radius_mm=3)[15, 15, 20:24].all()
