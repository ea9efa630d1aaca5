"""Results as Secondary Capture objects of the study they came from (PS3.3 §A.8.1)."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np
from pydicom import dcmwrite
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage

from archive.studies.references import instance_reference
from common.clock import format_da, format_tm
from common.uids import derived_uid
from compute.templates.contract import ResultImage, TemplateOutput

MANUFACTURER = "Consilium"
_STUDY_AND_PATIENT = (
    "SpecificCharacterSet", "StudyDate", "StudyTime", "AccessionNumber", "IssuerOfPatientID",
    "ReferringPhysicianName", "StudyDescription", "PatientName", "PatientID", "PatientBirthDate",
    "PatientSex", "PatientAge", "PatientSize", "PatientWeight", "StudyInstanceUID", "StudyID",
)  # fmt: skip
_REQUIRED = (
    "StudyDate", "StudyTime", "AccessionNumber", "ReferringPhysicianName", "PatientName", "PatientID",
    "PatientBirthDate", "PatientSex", "StudyID",
)  # fmt: skip


@dataclass(frozen=True)
class Origin:
    """The job that made the results: what the objects cite, and what their UIDs derive from.

    `made_at` is the job's own time, so a job that runs twice writes the same bytes.
    """

    job_uid: str
    template_key: str
    template_version: str
    parameters: dict[str, Any]
    fingerprint: str
    made_at: dt.datetime
    series_number: int = 9001

    @property
    def series_instance_uid(self) -> str:
        return derived_uid("result series", self.job_uid)


def secondary_captures(output: TemplateOutput, origin: Origin) -> Iterator[bytes]:
    """Each picture as a Part 10 file, in order: 16-bit grey in modality units with its window.

    Every object names the template with version, the parameters and every source instance.
    """
    for number, image in enumerate(output.images, start=1):
        ds = _frame_of_reference(output.source_header)
        _series(ds, output, origin)
        _image(ds, image, origin, number)
        _derivation(ds, output, origin)
        buffer = BytesIO()
        dcmwrite(buffer, ds, enforce_file_format=True)
        yield buffer.getvalue()


def _frame_of_reference(source: Dataset) -> Dataset:
    """A new data set with the source's patient and study, each required element at least empty."""
    ds = Dataset()
    for keyword in _STUDY_AND_PATIENT:
        if keyword in source:
            ds[keyword] = source[keyword]
    for keyword in _REQUIRED:
        if keyword not in ds:
            setattr(ds, keyword, "")
    ds.SpecificCharacterSet = "ISO_IR 192"  # ours are written in UTF-8; pydicom has decoded the names
    return ds


def _series(ds: Dataset, output: TemplateOutput, origin: Origin) -> None:
    ds.Modality = "OT"
    ds.ConversionType = "WSD"
    ds.SeriesInstanceUID = origin.series_instance_uid
    ds.SeriesNumber = origin.series_number
    ds.SeriesDescription = output.series_description
    ds.SeriesDate, ds.SeriesTime = format_da(origin.made_at), format_tm(origin.made_at)
    if output.source_header.get("BodyPartExamined"):
        ds.BodyPartExamined = output.source_header.BodyPartExamined
    else:
        ds.Laterality = ""  # type 2C: to be sent while no body part says that it is unpaired
    ds.Manufacturer = MANUFACTURER
    ds.SecondaryCaptureDeviceManufacturer = MANUFACTURER
    ds.SecondaryCaptureDeviceManufacturerModelName = origin.template_key
    ds.SecondaryCaptureDeviceSoftwareVersions = origin.template_version
    ds.DateOfSecondaryCapture = format_da(origin.made_at)
    ds.TimeOfSecondaryCapture = format_tm(origin.made_at)
    reference = Dataset()
    reference.SeriesInstanceUID = output.source_header.SeriesInstanceUID
    reference.ReferencedInstanceSequence = Sequence(instance_reference(*uids) for uids in output.source_uids)
    ds.ReferencedSeriesSequence = Sequence([reference])


def _image(ds: Dataset, image: ResultImage, origin: Origin, number: int) -> None:
    ds.SOPClassUID = SecondaryCaptureImageStorage
    ds.SOPInstanceUID = derived_uid("result instance", origin.job_uid, number)
    ds.InstanceNumber = number
    ds.ImageType = ["DERIVED", "SECONDARY", "OTHER", image.description.split()[0]]
    ds.ContentDate, ds.ContentTime = format_da(origin.made_at), format_tm(origin.made_at)
    ds.PatientOrientation = [patient_direction(image.right), patient_direction(image.down)]
    ds.ImageComments = f"{image.description}. {image.comment}"
    ds.BurnedInAnnotation = "NO"
    ds.LossyImageCompression = "00"
    ds.PixelSpacing = [f"{image.spacing_mm:.6g}"] * 2
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.Rows, ds.Columns = image.pixels.shape
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 16, 15, 0
    intercept = min(0, int(image.pixels.min()))
    ds.RescaleIntercept, ds.RescaleSlope = str(intercept), "1"
    ds.RescaleType = "HU" if "CT" in str(ds.SeriesDescription) else "US"
    ds.WindowCenter = [f"{center:g}" for _, center, _ in image.windows]
    ds.WindowWidth = [f"{width:g}" for _, _, width in image.windows]
    ds.WindowCenterWidthExplanation = [name for name, _, _ in image.windows]
    ds.PixelData = (image.pixels.astype(np.int32) - intercept).astype("<u2").tobytes()
    ds["PixelData"].VR = "OW"
    ds.file_meta = FileMetaDataset()
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian


def _derivation(ds: Dataset, output: TemplateOutput, origin: Origin) -> None:
    """What made the picture of what: enough to make it again (PS3.3 §C.7.6.1.1.3, §C.12.4)."""
    parameters = json.dumps(origin.parameters, sort_keys=True, separators=(",", ":"))
    ds.DerivationDescription = (
        f"{origin.template_key} {origin.template_version} {parameters} of {len(output.source_uids)} instances,"
        f" inputs {origin.fingerprint[:16]}, job {origin.job_uid}"
    )[:1024]
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = (
        "113072",
        "DCM",
        "Multiplanar reformatting",
    )
    if "MIP" in ds.ImageType:
        code.CodeValue, code.CodeMeaning = "113078", "Multiplanar maximum intensity projection"
    ds.DerivationCodeSequence = Sequence([code])
    ds.SourceImageSequence = Sequence(_source(*uids) for uids in output.source_uids)
    equipment = Dataset()
    purpose = Dataset()
    purpose.CodeValue, purpose.CodingSchemeDesignator = "109102", "DCM"
    purpose.CodeMeaning = "Processing Equipment"
    equipment.PurposeOfReferenceCodeSequence = Sequence([purpose])
    equipment.Manufacturer = MANUFACTURER
    equipment.ManufacturerModelName = origin.template_key
    equipment.SoftwareVersions = origin.template_version
    equipment.ContributionDateTime = f"{origin.made_at:%Y%m%d%H%M%S.%f}"
    equipment.ContributionDescription = "Post-processing"
    ds.ContributingEquipmentSequence = Sequence([equipment])


def _source(sop_class_uid: str, sop_instance_uid: str) -> Dataset:
    item = instance_reference(sop_class_uid, sop_instance_uid)
    purpose = Dataset()
    purpose.CodeValue, purpose.CodingSchemeDesignator = "121322", "DCM"
    purpose.CodeMeaning = "Source image for image processing operation"
    item.PurposeOfReferenceCodeSequence = Sequence([purpose])
    return item


def patient_direction(vector: tuple[float, float, float]) -> str:
    """The letters of a direction, strongest first: L, PR, HAL ... (PS3.3 §C.7.6.1.1.1)."""
    letters = [("L", "R"), ("P", "A"), ("H", "F")]
    parts = sorted(zip(vector, letters, strict=True), key=lambda part: -abs(part[0]))
    return "".join(pair[0 if value > 0 else 1] for value, pair in parts if abs(value) > math.sin(0.05))
