"""Published objects as others decode them: pydicom's decoders, else DCMTK, else the same picture in another syntax."""

from __future__ import annotations

import io
import subprocess
from pathlib import Path

import pytest
from pydicom import Dataset, dcmread
from pydicom.pixels.utils import pixel_array

from tests.archive.pixels.real_objects import RealObject

DCMDJPEG = "/usr/bin/dcmdjpeg"
PIXELS = {"PixelData", "FloatPixelData", "DoubleFloatPixelData"}
# Segments that neither pydicom nor DCMTK decodes, beside the same ones in a syntax that pydicom does.
_SAME_AS = {
    "liver_deflate.dcm": "seg/liver_ct/liver.dcm",
    "liver_nonbyte_aligned_rle.dcm": "transfer_syntax/other/liver_nonbyte_aligned_j2k.dcm",
}


def has_pixels(dataset: Dataset) -> bool:
    return bool(PIXELS & {element.keyword for element in dataset})


def decodable(one: RealObject, *, shared_data: Path, folder: Path) -> tuple[Dataset, str]:
    """The object in a form of which pydicom decodes the pixels, and whose decoding that is."""
    other = _SAME_AS.get(Path(one.name).name)
    if other is not None:
        return dcmread(shared_data / "dicom" / other), "the same segments in another syntax"
    dataset = dcmread(io.BytesIO(one.sent))
    try:
        pixel_array(dataset, index=0)
    except (RuntimeError, NotImplementedError, ValueError, AttributeError):
        return _by_dcmtk(one.sent, folder), "DCMTK's"
    return dataset, "pydicom's"


def _by_dcmtk(part10: bytes, folder: Path) -> Dataset:
    if not Path(DCMDJPEG).exists():
        pytest.skip("dcmdjpeg (Debian package dcmtk) is not installed")
    packed, plain = folder / "packed.dcm", folder / "plain.dcm"
    packed.write_bytes(part10)
    subprocess.run([DCMDJPEG, packed, plain], check=True, capture_output=True)
    return dcmread(plain)
