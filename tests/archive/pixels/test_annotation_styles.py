"""Curves, styles of lines, areas and words, and colours of layers, as a presentation state names them.

CIELab values are worked out backwards: those of sRGB's own red, green and so on, relative to D50 (IEC 61966-2-1).
"""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom import Dataset
from pydicom.dataset import FileDataset

from archive.pixels.parsing import parse
from archive.pixels.rendering import fonts
from archive.pixels.rendering.drawing import drawn
from archive.pixels.rendering.inks import cielab_ink
from archive.pixels.rendering.outlines import dashes, outline_of
from archive.pixels.rendering.wishes import Rendering
from tests.archive.pixels.images import image, part10
from tests.archive.pixels.states import carried, item, line, state

BLACK = np.zeros((20, 20), np.uint8)
GREY = 0xC000 >> 8


def encoded_lab(light: float, a: float, b: float) -> list[int]:
    """PS3.3 C.10.7.1.1: L* over 0..100 and a*, b* over -128..127, each in 16 bits."""
    return [round(light / 100 * 0xFFFF), round((a + 128) * 257), round((b + 128) * 257)]


RED, GREEN = encoded_lab(54.29, 80.81, 69.89), encoded_lab(87.82, -79.29, 80.99)
RED_RGB, GREEN_RGB = [255, 0, 0], [0, 255, 0]


def shown(by: FileDataset, of=BLACK, **wish) -> np.ndarray:
    data = part10(image(of))
    made = drawn(parse(data), data, Rendering(format="PNG", presentation=carried(by), **wish))
    return np.asarray(Image.open(io.BytesIO(made)))


def annotating(*items: Dataset, **layer) -> FileDataset:
    layer = {"GraphicLayerRecommendedDisplayGrayscaleValue": 0xC000} | layer
    layers = [item(GraphicLayer="L", GraphicLayerOrder=1, **layer)]
    return state(GraphicAnnotationSequence=list(items), GraphicLayerSequence=layers)


def graphic(kind: str, *numbers: float, **elements) -> Dataset:
    annotation = line(*numbers)
    drawn_object = annotation.GraphicObjectSequence[0]
    drawn_object.GraphicType = kind
    for keyword, value in elements.items():
        setattr(drawn_object, keyword, value)
    return annotation


def styled(**style) -> dict[str, list[Dataset]]:
    return {"LineStyleSequence": [item(ShadowStyle="OFF", **style)]}


def close(colours, expected) -> bool:
    return bool((np.abs(np.asarray(colours, int) - expected) <= 2).all())


@pytest.mark.parametrize(
    ("lab", "expected"),
    [
        ((100, 0, 0), (255, 255, 255)), ((0, 0, 0), (0, 0, 0)), ((53.59, 0, 0), (128, 128, 128)),
        ((54.29, 80.81, 69.89), RED_RGB), ((87.82, -79.29, 80.99), GREEN_RGB), ((29.57, 68.30, -112.03), (0, 0, 255)),
    ],
)  # fmt: skip
def test_cielab_becomes_the_colour_a_screen_shows(lab, expected):
    assert close(cielab_ink(encoded_lab(*lab)), expected)


def test_a_layer_shows_in_its_colour_and_the_image_stays_grey_around_it():
    by = annotating(line(2.5, 2.5, 5.5, 2.5), GraphicLayerRecommendedDisplayCIELabValue=RED)

    made = shown(by, of=np.full((20, 20), 40, np.uint8))

    assert made.shape == (20, 20, 3)
    assert close(made[2, 2:6], RED_RGB)
    assert (np.delete(made.reshape(-1, 3), range(42, 46), axis=0) == 40).all()


def test_an_overlay_shows_in_the_colour_of_its_layer():
    by = annotating(line(0, 19.5, 0.5, 19.5), GraphicLayerRecommendedDisplayCIELabValue=GREEN)
    by.add_new((0x6000, 0x1001), "CS", "L")
    for element, vr, value in ((0x10, "US", 1), (0x11, "US", 8), (0x40, "CS", "G"), (0x50, "SS", [1, 1]),
                               (0x100, "US", 1), (0x102, "US", 0), (0x3000, "OW", b"\x03\x00")):  # fmt: skip
        by.add_new((0x6000, element), vr, value)

    made = shown(by)

    assert close(made[0, :2], GREEN_RGB)
    assert not made[0, 2:].any()


def test_a_picture_without_colours_stays_grey():
    assert shown(annotating(line(1, 1, 5, 1))).ndim == 2


def test_interpolated_curves_go_through_every_point_and_bend_between():
    """PS3.3 C.10.5.1.2: some form of curve that passes through all the specified points."""
    corners = [(2.0, 2.0), (10.0, 16.0), (18.0, 2.0)]

    outline = np.array(outline_of("INTERPOLATED", corners))

    for corner in corners:
        assert np.hypot(*(outline - corner).T).min() == 0
    straight = np.interp(outline[:, 0], [2, 10, 18], [2, 16, 2])
    assert np.abs(outline[:, 1] - straight).max() > 0.5
    made = shown(annotating(graphic("INTERPOLATED", *(number for corner in corners for number in corner))))
    assert [made[2, 2], made[16, 10], made[2, 18]] == [GREY] * 3


def test_a_curve_that_ends_where_it_began_is_closed_without_a_corner():
    square = [(5.0, 5.0), (15.0, 5.0), (15.0, 15.0), (5.0, 15.0), (5.0, 5.0)]

    outline = np.array(outline_of("INTERPOLATED", square))

    before, after = outline[-1] - outline[-2], outline[1] - outline[0]
    assert before @ after / (np.hypot(*before) * np.hypot(*after)) > 0.9  # 0 is a corner of the square
    assert (outline[0] == outline[-1]).all()


@pytest.mark.parametrize(("thickness", "rows"), [(1.0, 1), (3.0, 3), (5.0, 5)])
def test_lines_are_as_thick_as_their_style_says(thickness, rows):
    by = annotating(graphic("POLYLINE", 0, 10.5, 20, 10.5, **styled(LineThickness=thickness)))

    assert np.count_nonzero(shown(by)[:, 8]) == rows


def test_dashes_follow_the_bits_of_the_pattern_the_least_first():
    style = styled(LineThickness=1.0, LineDashingStyle="DASHED", LinePattern=0x0F0F0F0F,
                   PatternOnColorCIELabValue=RED, PatternOnOpacity=1.0)  # fmt: skip

    row = shown(annotating(graphic("POLYLINE", 0, 5, 19, 5, **style)))[5]

    assert close(row[1:4], RED_RGB)
    assert not row[5:8].any()
    assert close(row[9:12], RED_RGB)


def test_between_dashes_lies_the_other_colour():
    style = styled(LineThickness=1.0, LineDashingStyle="DASHED", LinePattern=0x00FF00FF,
                   PatternOnColorCIELabValue=RED, PatternOffColorCIELabValue=GREEN)  # fmt: skip

    row = shown(annotating(graphic("POLYLINE", 0, 5, 19, 5, **style)))[5]

    assert close(row[1:7], RED_RGB)
    assert close(row[10:15], GREEN_RGB)


def test_an_outline_longer_than_any_picture_has_no_dashes():
    on, off = dashes([(0.0, 0.0), (1e9, 0.0)], 0x0F0F0F0F, 1.0)

    assert (len(on), off) == (1, [])


def test_the_image_is_seen_through_a_line_that_is_not_opaque():
    style = styled(LineThickness=1.0, PatternOnColorCIELabValue=encoded_lab(100, 0, 0), PatternOnOpacity=0.25)

    made = shown(annotating(graphic("POLYLINE", 0, 5, 19, 5, **style)), of=np.full((20, 20), 100, np.uint8))

    assert abs(int(made[5, 10]) - (100 * 0.75 + 255 * 0.25)) <= 1
    assert made[6, 10] == 100


def test_an_area_is_filled_in_its_own_colour_and_outlined_in_that_of_the_line():
    fill = [item(PatternOnColorCIELabValue=GREEN, PatternOnOpacity=1.0, FillMode="SOLID")]
    style = styled(LineThickness=1.0, PatternOnColorCIELabValue=RED)
    square = (4, 4, 14, 4, 14, 14, 4, 14, 4, 4)

    made = shown(annotating(graphic("POLYLINE", *square, GraphicFilled="Y", FillStyleSequence=fill, **style)))

    assert close(made[9, 9], GREEN_RGB)
    assert close(made[4, 9], RED_RGB)
    assert not made[2, 2].any()


@pytest.mark.parametrize("kind", ["CIRCLE", "ELLIPSE"])
def test_round_shapes_lie_around_their_centre(kind):
    numbers = (10, 10, 16, 10) if kind == "CIRCLE" else (4, 10, 16, 10, 10, 7, 10, 13)
    low = 4 if kind == "CIRCLE" else 7

    made = shown(annotating(graphic(kind, *numbers)))

    assert [made[10, 16], made[10, 4], made[low, 10]] == [GREY] * 3
    assert made[10, 10] == 0


def test_a_shadow_falls_to_the_right_and_down_however_the_image_is_turned():
    style = {"LineStyleSequence": [item(
        LineThickness=1.0, ShadowStyle="NORMAL", ShadowOffsetX=3.0, ShadowOffsetY=2.0, ShadowOpacity=1.0,
        ShadowColorCIELabValue=encoded_lab(53.59, 0, 0),
    )]}  # fmt: skip
    by = annotating(graphic("POLYLINE", 4.5, 4.5, 12.5, 4.5, **style))
    for rotation, row in ((0, 4), (180, 15)):
        by.ImageRotation, by.ImageHorizontalFlip = rotation, "N"

        made = shown(by)

        assert made[row, 10] == GREY
        assert abs(int(made[row + 2, 10]) - 128) <= 1


def test_words_have_their_own_colour_side_and_underline():
    words = item(
        UnformattedTextValue="III", BoundingBoxAnnotationUnits="PIXEL", BoundingBoxTopLeftHandCorner=[0.0, 2.0],
        BoundingBoxBottomRightHandCorner=[60.0, 20.0], BoundingBoxTextHorizontalJustification="RIGHT",
        TextStyleSequence=[item(TextColorCIELabValue=RED, Underlined="Y", Bold="N", ShadowStyle="OFF")],
    )  # fmt: skip

    made = shown(
        annotating(item(GraphicLayer="L", TextObjectSequence=[words])), of=np.zeros((30, 60), np.uint8)
    )

    assert not made[:, :30].any()
    assert made[:, 30:].any()
    assert not made[..., 1].any()
    underline = made[..., 0].max(axis=1).nonzero()[0].max()
    assert np.count_nonzero(made[underline, :, 0]) >= 5


def test_words_are_led_to_what_they_are_about():
    words = item(
        UnformattedTextValue="a", BoundingBoxAnnotationUnits="PIXEL", BoundingBoxTopLeftHandCorner=[25.0, 2.0],
        AnchorPoint=[2.0, 2.0], AnchorPointAnnotationUnits="PIXEL", AnchorPointVisibility="Y",
    )  # fmt: skip

    made = shown(
        annotating(item(GraphicLayer="L", TextObjectSequence=[words])), of=np.zeros((30, 40), np.uint8)
    )

    assert (made[2, 2:25] == GREY).all()


def boxed_words(text: str, **style) -> np.ndarray:
    """Where there is ink of words in a box of 640 columns and 640 rows: they are 20 pixels high."""
    words = item(
        UnformattedTextValue=text, BoundingBoxAnnotationUnits="DISPLAY", BoundingBoxTopLeftHandCorner=[0.0, 0.0],
        BoundingBoxBottomRightHandCorner=[1.0, 1.0], TextStyleSequence=[item(ShadowStyle="OFF", **style)],
    )  # fmt: skip
    by = annotating(item(GraphicLayer="L", TextObjectSequence=[words]))
    by.SpecificCharacterSet = "ISO_IR 192"
    return np.argwhere(shown(by, of=np.zeros((640, 640), np.uint8)) > GREY // 2)


def test_words_stand_at_the_height_of_their_box_that_they_name():
    top, middle, bottom = (
        boxed_words("H", VerticalAlignment=name)[:, 0] for name in ("TOP", "CENTER", "BOTTOM")
    )

    assert top.max() < 30
    assert 310 < (middle.min() + middle.max()) / 2 < 330
    assert bottom.min() > 610
    assert np.ptp(top) == np.ptp(middle) == np.ptp(bottom)


def test_italics_lean_to_the_right_line_by_line():
    """The stroke of an I is upright: each of its rows begins where the one below it does, and leaned, farther right."""
    upright, leaned = (boxed_words("I\nI", Italic=said) for said in ("N", "Y"))

    assert len({column for _row, column in _starts(upright)}) == 1
    rows = _starts(leaned)
    gap = next(at for at in range(1, len(rows)) if rows[at][0] - rows[at - 1][0] > 1)
    for line_rows in (rows[:gap], rows[gap:]):
        columns = [column for _row, column in line_rows]
        assert columns == sorted(columns, reverse=True)
        assert columns[0] > columns[-1]
    assert abs(rows[0][1] - rows[gap][1]) <= 1


def _starts(ink: np.ndarray) -> list[tuple[int, int]]:
    """Row after row, where its ink begins."""
    return [(int(row), int(ink[ink[:, 0] == row, 1].min())) for row in np.unique(ink[:, 0])]


def test_letters_are_drawn_in_a_font_of_the_machine_that_has_them():
    """A font draws letters that it does not have as the same box each."""
    if not Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc").exists():
        pytest.skip("fonts-noto-cjk is not installed")
    wang, li, box = (boxed_words(letter) for letter in ("王", "李", "\U0010ffff"))

    assert len({tuple(map(tuple, ink)) for ink in (wang, li, box)}) == 3


def test_generic_families_of_fonts_are_followed():
    """PS3.3 C.10.5.1.3.12, CSS Font Name: letters of monospace are all as wide, and serif has feet under its I."""
    if not Path("/usr/share/fonts/truetype/dejavu/DejaVuSerif.ttf").exists():
        pytest.skip("fonts-dejavu-core is not installed")
    narrow, wide = (boxed_words(f"{letter * 9}|", CSSFontName="monospace")[:, 1].max() for letter in "im")
    feet, plain = (_widest(boxed_words("I", CSSFontName=family)) for family in ("serif", "sans-serif"))

    assert narrow == wide
    assert feet > 2 * plain


def _widest(ink: np.ndarray) -> int:
    return int(np.ptp(ink[:, 1])) + 1


def test_a_font_is_never_looked_for_by_the_name_of_a_file():
    path = "/usr/share/fonts/truetype/dejavu/DejaVuSerif.ttf"
    named = boxed_words("A", CSSFontName=path, FontName=path)

    assert np.array_equal(named, boxed_words("A"))


def test_without_such_a_font_words_are_drawn_all_the_same(monkeypatch):
    monkeypatch.setattr(fonts, "FILES", ())

    assert boxed_words("王 A").size > boxed_words("A").size
