"""The headers a scanner would write: CT Image and MR Image IODs (PS3.3 §A.3, §A.4)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, MRImageStorage

from common.clock import format_da, format_tm
from common.uids import derived_uid
from compute.phantoms.geometry import StackGeometry

UTF_8, GB18030 = "ISO_IR 192", "GB18030"
INTERCEPT = -1024


@dataclass(frozen=True)
class StudyHeader:
    """Who was imaged, and in which study. Empty UIDs are derived from the seed."""

    seed: int = 0
    patient_name: str = "Li^Wei=李^伟"
    patient_id: str = "PHANTOM-0"
    birth_date: str = "19570312"
    sex: str = "M"
    accession_number: str = "A0000"
    study_instance_uid: str = ""
    series_instance_uid: str = ""
    study_description: str = ""
    referring_physician: str = "Wang^Fang=王^芳"
    institution: str = "赣县人民医院 Ganxian County Hospital"
    issuer: str = ""
    character_set: str = UTF_8
    acquired_at: dt.datetime = dt.datetime(2026, 3, 2, 9, 30, tzinfo=dt.UTC)
    series_number: int = 2

    def study_uid(self) -> str:
        return self.study_instance_uid or derived_uid("phantom study", self.seed, self.patient_id)

    def series_uid(self, kind: str) -> str:
        return self.series_instance_uid or derived_uid(
            "phantom series", self.study_uid(), kind, self.series_number
        )


def instance(header: StudyHeader, geometry: StackGeometry, *, kind: str, number: int, k: int) -> Dataset:
    """The data set of one slice without its pixels; `number` counts from 1 in numbering order."""
    ds = Dataset()
    ds.SpecificCharacterSet = header.character_set
    _patient(ds, header)
    _study_and_series(ds, header, kind)
    _plane(ds, header, geometry, k)
    ds.InstanceNumber = number
    ds.AcquisitionNumber = 1
    if kind == "mr":
        _mr_image(ds)
    else:
        _ct_image(ds, geometry, kind)
    ds.SOPInstanceUID = derived_uid("phantom instance", ds.SeriesInstanceUID, k)
    ds.file_meta = FileMetaDataset()
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return ds


def _patient(ds: Dataset, header: StudyHeader) -> None:
    ds.PatientName = header.patient_name
    ds.PatientID = header.patient_id
    if header.issuer:
        ds.IssuerOfPatientID = header.issuer
    ds.PatientBirthDate = header.birth_date
    ds.PatientSex = header.sex
    years = header.acquired_at.year - int(header.birth_date[:4])
    ds.PatientAge = f"{years:03d}Y"
    ds.PatientSize = "1.71"
    ds.PatientWeight = "68"


def _study_and_series(ds: Dataset, header: StudyHeader, kind: str) -> None:
    begun = header.acquired_at
    for part in ("Study", "Series", "Acquisition", "Content"):
        setattr(ds, f"{part}Date", format_da(begun))
        setattr(ds, f"{part}Time", format_tm(begun))
    ds.InstanceCreationDate, ds.InstanceCreationTime = format_da(begun), format_tm(begun)
    ds.StudyInstanceUID = header.study_uid()
    ds.SeriesInstanceUID = header.series_uid(kind)
    ds.StudyID = f"{header.seed % 10**6:06d}"
    ds.AccessionNumber = header.accession_number
    ds.ReferringPhysicianName = header.referring_physician
    descriptions = {
        "ct": ("CT chest with contrast 胸部增强CT", "Chest CE 1.25 B40f", "CHEST", "Chest 胸部"),
        "mr": ("MR head 头颅MRI", "T1 3D MPRAGE", "HEAD", "Head T1 3D"),
        "calibration": ("CT calibration phantom", "Calibration 1.0 B40f", "", "QA"),
    }
    study, series, part, protocol = descriptions[kind]
    ds.StudyDescription = header.study_description or study
    ds.SeriesDescription, ds.ProtocolName = series, protocol
    if part:
        ds.BodyPartExamined = part
    else:
        ds.Laterality = ""  # type 2C: to be sent while no body part says that it is unpaired
    ds.SeriesNumber = header.series_number
    ds.Manufacturer = "Consilium"
    ds.ManufacturerModelName = "Phantom CT" if kind != "mr" else "Phantom MR"
    ds.DeviceSerialNumber = f"{1000 + header.seed % 9000}"
    ds.SoftwareVersions = "1.0"
    ds.InstitutionName = header.institution
    ds.StationName = "CT1" if kind != "mr" else "MR1"


def _plane(ds: Dataset, header: StudyHeader, geometry: StackGeometry, k: int) -> None:
    """Frame of reference and image plane (PS3.3 §C.7.4.1, §C.7.6.2)."""
    ds.PatientPosition = "HFS"
    ds.FrameOfReferenceUID = derived_uid("phantom frame", header.study_uid())
    ds.PositionReferenceIndicator = ""
    position = geometry.position(k)
    ds.ImagePositionPatient = [_ds(v) for v in position]
    ds.ImageOrientationPatient = [_ds(v) for v in (*geometry.row_direction, *geometry.column_direction)]
    ds.PixelSpacing = [_ds(v) for v in geometry.pixel_spacing_mm]
    ds.SliceThickness = _ds(geometry.thickness_mm)
    ds.SliceLocation = _ds(float(position @ geometry.normal))
    ds.Rows, ds.Columns = geometry.rows, geometry.columns
    ds.SamplesPerPixel = 1
    ds.PhotometricInterpretation = "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 12, 11, 0


def _ct_image(ds: Dataset, geometry: StackGeometry, kind: str) -> None:
    """CT Image module (PS3.3 §C.8.2.1) and its acquisition."""
    ds.SOPClassUID = CTImageStorage
    ds.Modality = "CT"
    ds.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    ds.RescaleIntercept, ds.RescaleSlope, ds.RescaleType = str(INTERCEPT), "1", "HU"
    ds.KVP = "120"
    ds.XRayTubeCurrent, ds.ExposureTime, ds.Exposure = 220, 500, 110
    ds.DataCollectionDiameter = "500"
    ds.ReconstructionDiameter = _ds(geometry.columns * geometry.pixel_spacing_mm[1])
    ds.ConvolutionKernel = "B40f"
    ds.FilterType = "WEDGE"
    ds.GantryDetectorTilt = "0"
    ds.TableHeight = "142"
    ds.RotationDirection = "CW"
    ds.FocalSpots = "1.2"
    ds.ScanOptions = "HELICAL MODE"
    ds.SpiralPitchFactor = 0.9
    if kind == "ct":
        ds.ContrastBolusAgent = "Iohexol 350"
        ds.ContrastBolusRoute = "IV"
    ds.WindowCenter, ds.WindowWidth = ["40", "-550"], ["400", "1500"]
    ds.WindowCenterWidthExplanation = ["SOFT TISSUE", "LUNG"]


def _mr_image(ds: Dataset) -> None:
    """MR Image module (PS3.3 §C.8.3.1)."""
    ds.SOPClassUID = MRImageStorage
    ds.Modality = "MR"
    ds.ImageType = ["ORIGINAL", "PRIMARY", "OTHER"]
    ds.ScanningSequence, ds.SequenceVariant, ds.ScanOptions = ["GR", "IR"], ["SP", "MP"], ""
    ds.MRAcquisitionType = "3D"
    ds.SequenceName = "*tfl3d1"
    ds.RepetitionTime, ds.EchoTime, ds.InversionTime, ds.FlipAngle = "1900", "2.5", "900", "9"
    ds.EchoTrainLength = 1
    ds.NumberOfAverages = "1"
    ds.MagneticFieldStrength = "3"
    ds.ImagingFrequency = "123.2"
    ds.ImagedNucleus = "1H"
    ds.PixelBandwidth = "170"
    ds.WindowCenter, ds.WindowWidth = "450", "900"


def _ds(value: float) -> str:
    """A Decimal String of at most 16 characters (PS3.5 §6.2)."""
    text = f"{float(value):.10g}"
    return text if len(text) <= 16 else f"{float(value):.8g}"
