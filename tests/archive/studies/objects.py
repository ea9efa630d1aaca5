"""Small DICOM objects made for tests, with every UID and value in the test's hand."""

from __future__ import annotations

import io

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

from common.uids import derived_uid


def ct_slice(number=1, *, study="study", series="series", z=None, **elements) -> Dataset:
    """A CT slice of 8 x 8 pixels at z mm; elements by keyword override, None removes."""
    dataset = Dataset()
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.SOPClassUID = CTImageStorage
    dataset.SOPInstanceUID = derived_uid(study, series, number)
    dataset.StudyInstanceUID = derived_uid(study)
    dataset.SeriesInstanceUID = derived_uid(study, series)
    dataset.StudyDate, dataset.StudyTime, dataset.AccessionNumber = "20260302", "080000", ""
    dataset.Modality, dataset.SeriesNumber, dataset.InstanceNumber = "CT", 1, number
    dataset.PatientName, dataset.PatientID = "Li^Hua=李^华", "P1"
    dataset.PatientBirthDate, dataset.PatientSex = "19600101", "F"
    dataset.ImagePositionPatient = [0, 0, float(number if z is None else z)]
    dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    dataset.PixelSpacing, dataset.SliceThickness = [0.5, 0.5], 5
    dataset.Rows = dataset.Columns = 8
    dataset.BitsAllocated = dataset.BitsStored = 16
    dataset.HighBit, dataset.PixelRepresentation, dataset.SamplesPerPixel = 15, 1, 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.PixelData = np.full((8, 8), number, np.int16).tobytes()
    for keyword, value in elements.items():
        if value is None:
            delattr(dataset, keyword)
        else:
            setattr(dataset, keyword, value)
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = dataset.get("SOPClassUID", CTImageStorage)
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.get("SOPInstanceUID", "1.2.3")
    return dataset


def part10(dataset: Dataset) -> bytes:
    buffer = io.BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()
