"""The tiny object a check stores at a node: no patient's, marked as a test in every way DICOM has.

Reference  PS3.3 §A.8.1 (Secondary Capture Image IOD), §C.2.2 (Quality Control Subject)
"""

from __future__ import annotations

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian
from pynetdicom.sop_class import SecondaryCaptureImageStorage  # type: ignore[attr-defined]

from common import clock
from common.uids import new_uid
from integrations.dicom.part10 import IMPLEMENTATION_CLASS_UID

PATIENT_ID = "CONSILIUM-TEST"
_SIDE = 64
_LETTERS = (
    "11111011111001111011111",
    "00100010000010000000100",
    "00100011110001110000100",
    "00100010000000001000100",
    "00100011111011110000100",
)  # TEST


def specimen(transfer_syntax_uid: str = ExplicitVRLittleEndian) -> Dataset:
    """A Secondary Capture of 64 x 64 that says TEST, with UIDs of its own."""
    made = Dataset()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = UID(transfer_syntax_uid)
    made.file_meta.ImplementationClassUID = UID(IMPLEMENTATION_CLASS_UID)
    made.SOPClassUID = made.file_meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    made.SOPInstanceUID = made.file_meta.MediaStorageSOPInstanceUID = UID(new_uid())
    _describe(made)
    _draw(made)
    return made


def _describe(made: Dataset) -> None:
    now = clock.now()
    made.SpecificCharacterSet = "ISO_IR 100"
    made.PatientName, made.PatientID = "TEST^CONNECTION", PATIENT_ID
    made.PatientBirthDate, made.PatientSex = "", "O"
    made.QualityControlSubject = "YES"
    made.StudyInstanceUID, made.SeriesInstanceUID = new_uid(), new_uid()
    made.StudyDate = made.ContentDate = clock.format_da(now.date())
    made.StudyTime = made.ContentTime = clock.format_tm(now)
    made.StudyID, made.AccessionNumber, made.ReferringPhysicianName = "TEST", "", ""
    made.StudyDescription = made.SeriesDescription = "Connection test, no patient"
    made.Modality, made.ConversionType = "OT", "SYN"
    made.Manufacturer = "Consilium"
    made.SeriesNumber, made.InstanceNumber = 1, 1
    made.PatientOrientation = made.Laterality = ""
    made.BurnedInAnnotation = "YES"
    made.ImageType = ["DERIVED", "SECONDARY"]
    made.ImageComments = "Made by a connection test; may be deleted"


def _draw(made: Dataset) -> None:
    made.SamplesPerPixel, made.PhotometricInterpretation = 1, "MONOCHROME2"
    made.Rows = made.Columns = _SIDE
    made.BitsAllocated, made.BitsStored, made.HighBit, made.PixelRepresentation = 8, 8, 7, 0
    pixels = bytearray(_SIDE * _SIDE)
    for row, line in enumerate(_LETTERS):
        for column, mark in enumerate(line):
            for down in range(2):
                start = (26 + 2 * row + down) * _SIDE + 9 + 2 * column
                if mark == "1":
                    pixels[start : start + 2] = b"\xff\xff"
    made.PixelData = bytes(pixels)
