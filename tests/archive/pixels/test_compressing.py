"""Several threads compress at once, in a process of their own: an encoder that cannot stand it ends the process."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from archive.pixels.compressing import compress

PIXELS = np.random.default_rng(0).integers(0, 4096, (64, 64)).astype("<u2")


def image():
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPInstanceUID = "1.2.3"
    dataset.Rows, dataset.Columns, dataset.SamplesPerPixel = 64, 64, 1
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 12, 11, 0
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.PixelData = PIXELS.tobytes()
    dataset["PixelData"].VR = "OW"
    return dataset


def is_kept(_number):
    dataset = image()
    compress(dataset, sys.argv[1])
    return dataset.SOPInstanceUID == "1.2.3" and np.array_equal(dataset.pixel_array, PIXELS)


sys.setswitchinterval(1e-6)
with ThreadPoolExecutor(8) as pool:
    print(sum(pool.map(is_kept, range(400))))
"""


@pytest.mark.parametrize(
    "transfer_syntax_uid",
    [
        pytest.param("1.2.840.10008.1.2.4.80", id="JPEG-LS"),
        pytest.param("1.2.840.10008.1.2.4.90", id="JPEG 2000"),
        pytest.param("1.2.840.10008.1.2.5", id="RLE"),
    ],
)
def test_threads_that_compress_at_once_get_their_pixels_back(transfer_syntax_uid):
    command = [sys.executable, "-c", PROGRAM, transfer_syntax_uid]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)

    assert (run.returncode, run.stdout, run.stderr) == (0, "400\n", "")
