"""A screen that was captured: a colour picture with text in it and no place in the patient (PS3.3 §A.8.1)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage

from common.clock import format_da, format_tm
from common.uids import derived_uid
from compute.phantoms.headers import StudyHeader


def screen(
    lines: Sequence[str], *, rows: int = 120, columns: int = 160, text_px: int = 14
) -> NDArray[np.uint8]:
    """A picture of a fan of grey on black with these lines of text at its top: (rows, columns, 3)."""
    picture = Image.new("RGB", (columns, rows))
    draw = ImageDraw.Draw(picture)
    top = text_px * (len(lines) + 1)
    draw.pieslice((columns * 0.1, top - rows * 0.3, columns * 0.9, rows - 4), 45, 135, fill=(70, 70, 70))
    font = ImageFont.load_default(size=text_px)
    for number, line in enumerate(lines):
        draw.text((4, 4 + number * (text_px + 4)), line, fill=(255, 255, 255), font=font)
    return np.asarray(picture, dtype=np.uint8)


def secondary_capture(header: StudyHeader, *, lines: Sequence[str] = ("PHANTOM",), **size: int) -> Dataset:
    """A Secondary Capture Image of a screen with these lines."""
    pixels = screen(lines, **size)
    ds = Dataset()
    ds.SpecificCharacterSet = header.character_set
    ds.PatientName, ds.PatientID = header.patient_name, header.patient_id
    ds.PatientBirthDate, ds.PatientSex = header.birth_date, header.sex
    ds.StudyInstanceUID, ds.SeriesInstanceUID = header.study_uid(), header.series_uid("capture")
    ds.StudyDate, ds.StudyTime = format_da(header.acquired_at), format_tm(header.acquired_at)
    ds.StudyID, ds.AccessionNumber = "1", header.accession_number
    ds.ReferringPhysicianName = header.referring_physician
    ds.SOPClassUID = SecondaryCaptureImageStorage
    ds.SOPInstanceUID = derived_uid("phantom capture", ds.SeriesInstanceUID, *lines)
    ds.Modality, ds.ConversionType = "OT", "WSD"
    ds.SeriesNumber, ds.InstanceNumber = 90, 1
    ds.Laterality, ds.PatientOrientation = "", ""
    ds.ImageType = ["DERIVED", "SECONDARY"]
    ds.Rows, ds.Columns = pixels.shape[:2]
    ds.SamplesPerPixel, ds.PhotometricInterpretation, ds.PlanarConfiguration = 3, "RGB", 0
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 8, 8, 7, 0
    ds.BurnedInAnnotation = "YES"
    raw = pixels.tobytes()
    ds.PixelData = raw + b"\0" * (len(raw) % 2)
    ds["PixelData"].VR = "OB"
    ds.file_meta = FileMetaDataset()
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return ds
