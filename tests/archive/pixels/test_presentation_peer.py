"""Grayscale presentation states of a real CT slice, as DCMTK shows them: two implementations, one grey level.

DCMTK rounds between the transformations, ours does not. It draws no shutters and no annotations into the bitmap, so
those are left to `test_presentation_states`.
"""

from __future__ import annotations

import base64
import io
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pydicom import Dataset, dcmread

from archive.pixels.parsing import parse
from archive.pixels.rendering.drawing import drawn
from archive.pixels.rendering.wishes import Rendering
from tests.archive.pixels.states import item

MAKE, SHOW = Path("/usr/bin/dcmpsmk"), Path("/usr/bin/dcmp2pgm")
pytestmark = pytest.mark.skipif(
    not (MAKE.exists() and SHOW.exists()), reason="DCMTK's presentation state tools are not installed"
)


def table(bits: int, first: int, entries: list[int]) -> Dataset:
    made = item(LUTDescriptor=[len(entries), first, bits], LUTData=entries)
    made["LUTDescriptor"].VR, made["LUTData"].VR = "US", "US"
    return made


VOI_TABLE = table(12, 20, [min(4095, value * value // 16) for value in range(256)])
PRESENTATION_TABLE = table(16, 0, [value * value * 0xFFFF // 255**2 for value in range(256)])


@pytest.fixture(scope="module")
def slice_and_state(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The slice, and a state that DCMTK made of what the slice says itself."""
    of = shared_data / "dicom" / "ct" / "CT_small.dcm"
    by = tmp_path_factory.mktemp("states") / "state.dcm"
    subprocess.run([MAKE, "--quiet", of, by], check=True)
    return of, by


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"PresentationLUTShape": "INVERSE"},
        {"ImageRotation": 90, "ImageHorizontalFlip": "N"},
        {"ImageRotation": 270, "ImageHorizontalFlip": "Y"},
        {"SoftcopyVOILUTSequence": [item(WindowCenter=100, WindowWidth=300)]},
        {"SoftcopyVOILUTSequence": [item(VOILUTSequence=[VOI_TABLE])]},
        {"SoftcopyVOILUTSequence": None},
        {"PresentationLUTShape": None, "PresentationLUTSequence": [PRESENTATION_TABLE]},
    ],
    ids=["as made", "inverse", "turned", "turned and flipped", "window", "VOI table", "no VOI", "presentation table"],
)  # fmt: skip
def test_dcmtk_shows_the_same(slice_and_state, tmp_path: Path, said: dict[str, Any]):
    of, made = slice_and_state
    by = dcmread(made)
    for keyword, value in said.items():
        if value is None and keyword in by:
            delattr(by, keyword)
        elif value is not None:
            setattr(by, keyword, value)
    by.save_as(tmp_path / "state.dcm")

    ours = _ours(of, tmp_path / "state.dcm")

    subprocess.run([SHOW, "--quiet", "-p", tmp_path / "state.dcm", of, tmp_path / "shown.pgm"], check=True)
    theirs = np.asarray(Image.open(tmp_path / "shown.pgm"))
    assert ours.shape == theirs.shape
    assert np.unique(theirs).size > 4
    assert np.abs(ours.astype(int) - theirs).max() <= 1


def _ours(of: Path, by: Path) -> np.ndarray:
    data, carried = of.read_bytes(), base64.b64encode(by.read_bytes()).decode("ascii")
    made = drawn(parse(data), data, Rendering(format="PNG", presentation=carried))
    return np.asarray(Image.open(io.BytesIO(made)))
