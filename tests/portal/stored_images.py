"""Small CT series put into the archive the way received ones are."""

from __future__ import annotations

import io

import numpy as np
from pydicom import Dataset
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import UID, CTImageStorage, ExplicitVRLittleEndian

from accounts.actors import SystemActor
from accounts.models import Site
from archive.studies.models import Series
from archive.studies.services import store_part10
from common.uids import derived_uid

MODALITY = SystemActor("dicom:CT1", "county")


def ct_slice(study: str, series: str, index: int, *, value: int = 0, **elements: object) -> FileDataset:
    """Slice `index` of an axial CT: 1 mm apart, 8 x 8 pixels, all of `value` HU but for the first row."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = CTImageStorage
    meta.MediaStorageSOPInstanceUID = UID(derived_uid(series, index))
    dataset = FileDataset(io.BytesIO(), Dataset(), file_meta=meta, preamble=b"\0" * 128)
    dataset.SOPClassUID, dataset.SOPInstanceUID = CTImageStorage, meta.MediaStorageSOPInstanceUID
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = study, series
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.PatientName, dataset.PatientID = "Zhang^Wei=张^伟", "C-1001"
    dataset.PatientBirthDate, dataset.PatientSex = "19600102", "M"
    dataset.StudyDate, dataset.StudyTime, dataset.AccessionNumber = "20260301", "101500", "A-1"
    dataset.StudyDescription, dataset.SeriesDescription = "CT chest", "Thin lung"
    dataset.Modality, dataset.SeriesNumber, dataset.InstanceNumber = "CT", 2, index + 1
    dataset.StudyID, dataset.FrameOfReferenceUID = "1", derived_uid(study, "frame")
    dataset.ImageOrientationPatient, dataset.ImagePositionPatient = [1, 0, 0, 0, 1, 0], [0, 0, float(index)]
    dataset.PixelSpacing, dataset.SliceThickness = [0.5, 0.5], 1
    pixels = np.full((8, 8), value + 1000, np.uint16)
    pixels[0] = 0
    dataset.Rows, dataset.Columns, dataset.SamplesPerPixel = 8, 8, 1
    dataset.PhotometricInterpretation, dataset.PixelRepresentation = "MONOCHROME2", 0
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 16, 15
    dataset.RescaleSlope, dataset.RescaleIntercept = 1, -1000
    dataset.WindowCenter, dataset.WindowWidth = 40, 400
    dataset.PixelData = pixels.tobytes()
    for keyword, element in elements.items():
        setattr(dataset, keyword, element)
    return dataset


def part10(dataset: FileDataset) -> bytes:
    out = io.BytesIO()
    dataset.save_as(out, enforce_file_format=True)
    return out.getvalue()


def store_ct(
    site: Site, *, study: str = "1.2.3", series: str = "1.2.3.4", slices: int = 3, **elements: object
) -> Series:
    """A stored axial CT, sent last slice first; the pixels of slice n are n HU."""
    for index in reversed(range(slices)):
        store_part10(
            part10(ct_slice(study, series, index, value=index, **elements)), site=site, actor=MODALITY
        )
    return Series.objects.get(series_instance_uid=series)
