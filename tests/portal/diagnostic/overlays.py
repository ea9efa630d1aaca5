"""What is laid over a volume: a segmentation and a structure set of the same ball, written with pydicom alone."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.sequence import Sequence as Items
from pydicom.uid import UID, ExplicitVRLittleEndian, RTStructureSetStorage, SegmentationStorage

from common.uids import derived_uid

LABEL = "Ball"
CORNERS = 48
_OF_THE_PATIENT = ("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "SpecificCharacterSet")
_OF_THE_STUDY = (
    "StudyInstanceUID",
    "StudyDate",
    "StudyTime",
    "AccessionNumber",
    "StudyID",
    "ReferringPhysicianName",
)


def segmentation_of(slices: Sequence[Dataset], *, radius_mm: float) -> FileDataset:
    """A binary SEG of a ball in the middle of the volume, a frame for each slice that it cuts (PS3.3 §A.51)."""
    masks = [_disc(one, slices, radius_mm) for one in slices]
    cut = [(one, mask) for one, mask in zip(slices, masks, strict=True) if mask.any()]
    dataset = _begun(slices[0], SegmentationStorage, "SEG", number=901)
    dataset.ImageType = ["DERIVED", "PRIMARY"]
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation, dataset.PixelRepresentation = (
        1,
        "MONOCHROME2",
        0,
    )
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 1, 1, 0
    dataset.Rows, dataset.Columns, dataset.NumberOfFrames = slices[0].Rows, slices[0].Columns, len(cut)
    dataset.SegmentationType, dataset.LossyImageCompression = "BINARY", "00"
    dataset.ContentLabel, dataset.ContentDescription, dataset.ContentCreatorName = "BALL", "A ball", "Test"
    dataset.SegmentSequence = Items([_segment()])
    organization = derived_uid(dataset.SOPInstanceUID, "dimensions")
    dataset.DimensionOrganizationSequence = Items([_of(DimensionOrganizationUID=organization)])
    dataset.DimensionIndexSequence = Items([_dimension(organization, 0x0062000B, 0x0062000A),
                                            _dimension(organization, 0x00200032, 0x00209113)])  # fmt: skip
    dataset.ReferencedSeriesSequence = Items([
        _of(SeriesInstanceUID=slices[0].SeriesInstanceUID, ReferencedInstanceSequence=Items(map(_reference, slices)))
    ])  # fmt: skip
    dataset.SharedFunctionalGroupsSequence = Items([_shared(slices)])
    dataset.PerFrameFunctionalGroupsSequence = Items(
        [_frame(one, position) for position, (one, _) in enumerate(cut, start=1)]
    )
    bits = np.concatenate([mask.ravel() for _, mask in cut])
    packed = np.packbits(bits, bitorder="little").tobytes()
    dataset.PixelData = packed + b"\0" * (len(packed) % 2)
    return dataset


def structure_set_of(slices: Sequence[Dataset], *, radius_mm: float) -> FileDataset:
    """An RTSTRUCT with one closed contour of the ball for each slice that it cuts (PS3.3 §A.19)."""
    dataset = _begun(slices[0], RTStructureSetStorage, "RTSTRUCT", number=902)
    dataset.StructureSetLabel, dataset.StructureSetDate, dataset.StructureSetTime = (
        "BALL",
        "20260301",
        "120000",
    )
    frame = slices[0].FrameOfReferenceUID
    series = _of(
        SeriesInstanceUID=slices[0].SeriesInstanceUID, ContourImageSequence=Items(map(_reference, slices))
    )
    study = _of(ReferencedSOPClassUID="1.2.840.10008.3.1.2.3.1", ReferencedSOPInstanceUID=slices[0].StudyInstanceUID,
                RTReferencedSeriesSequence=Items([series]))  # fmt: skip
    dataset.ReferencedFrameOfReferenceSequence = Items(
        [_of(FrameOfReferenceUID=frame, RTReferencedStudySequence=Items([study]))]
    )
    dataset.StructureSetROISequence = Items([
        _of(ROINumber=1, ReferencedFrameOfReferenceUID=frame, ROIName=LABEL, ROIGenerationAlgorithm="MANUAL")
    ])  # fmt: skip
    contours = [contour for one in slices if (contour := _contour(one, slices, radius_mm)) is not None]
    dataset.ROIContourSequence = Items(
        [_of(ROIDisplayColor=[255, 0, 255], ContourSequence=Items(contours), ReferencedROINumber=1)]
    )
    dataset.RTROIObservationsSequence = Items(
        [_of(ObservationNumber=1, ReferencedROINumber=1, RTROIInterpretedType="", ROIInterpreter="")]
    )
    return dataset


def _begun(source: Dataset, sop_class: UID, modality: str, *, number: int) -> FileDataset:
    meta = FileMetaDataset()
    meta.TransferSyntaxUID, meta.MediaStorageSOPClassUID = ExplicitVRLittleEndian, sop_class
    meta.MediaStorageSOPInstanceUID = UID(derived_uid(source.SeriesInstanceUID, modality))
    dataset = FileDataset(io.BytesIO(), Dataset(), file_meta=meta, preamble=b"\0" * 128)
    for keyword in (*_OF_THE_PATIENT, *_OF_THE_STUDY):
        setattr(dataset, keyword, source.get(keyword, ""))
    dataset.SOPClassUID, dataset.SOPInstanceUID = sop_class, meta.MediaStorageSOPInstanceUID
    dataset.SeriesInstanceUID = derived_uid(source.SeriesInstanceUID, f"{modality}-series")
    dataset.Modality, dataset.SeriesNumber, dataset.InstanceNumber = modality, number, 1
    dataset.SeriesDescription = f"{LABEL} {modality}"
    dataset.FrameOfReferenceUID, dataset.PositionReferenceIndicator = source.FrameOfReferenceUID, ""
    dataset.Manufacturer, dataset.ManufacturerModelName = "Consilium", "Test"
    dataset.DeviceSerialNumber, dataset.SoftwareVersions = "1", "1"
    moment = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
    dataset.ContentDate, dataset.ContentTime = f"{moment:%Y%m%d}", f"{moment:%H%M%S}"
    return dataset


def _middle(slices: Sequence[Dataset]) -> NDArray[np.float64]:
    """The centre of the volume in mm (LPS)."""
    one = slices[len(slices) // 2]
    return _corner(one) + _along(one) @ (np.array([one.Rows, one.Columns]) / 2)


def _corner(one: Dataset) -> NDArray[np.float64]:
    return np.array(one.ImagePositionPatient, np.float64)


def _along(one: Dataset) -> NDArray[np.float64]:
    """Columns: the step in mm to the next row, and to the next column (PS3.3 §C.7.6.2.1.1)."""
    cosines = np.array(one.ImageOrientationPatient, np.float64).reshape(2, 3)
    rows_mm, columns_mm = map(float, one.PixelSpacing)
    return np.stack([cosines[1] * rows_mm, cosines[0] * columns_mm], axis=1)


def _disc(one: Dataset, slices: Sequence[Dataset], radius_mm: float) -> NDArray[np.uint8]:
    rows, columns = np.mgrid[: one.Rows, : one.Columns]
    places = _corner(one)[:, None, None] + np.tensordot(_along(one), np.stack([rows, columns]), axes=1)
    distance = np.linalg.norm(places - _middle(slices)[:, None, None], axis=0)
    inside: NDArray[np.uint8] = np.less_equal(distance, radius_mm).astype(np.uint8)
    return inside


def _contour(one: Dataset, slices: Sequence[Dataset], radius_mm: float) -> Dataset | None:
    cosines = np.array(one.ImageOrientationPatient, np.float64).reshape(2, 3)
    normal = np.cross(cosines[0], cosines[1])
    depth = float((_corner(one) - _middle(slices)) @ normal)
    if abs(depth) >= radius_mm:
        return None
    radius = float(np.sqrt(radius_mm**2 - depth**2))
    angles = np.linspace(0, 2 * np.pi, CORNERS, endpoint=False)
    round_it = np.cos(angles)[:, None] * cosines[0] + np.sin(angles)[:, None] * cosines[1]
    points = _middle(slices) + depth * normal + radius * round_it
    return _of(
        ContourImageSequence=Items([_reference(one)]), ContourGeometricType="CLOSED_PLANAR",
        NumberOfContourPoints=CORNERS, ContourData=[f"{value:.3f}" for value in points.ravel()],
    )  # fmt: skip


def _shared(slices: Sequence[Dataset]) -> Dataset:
    first, second = next(pairwise(slices))
    apart = float(np.linalg.norm(_corner(second) - _corner(first)))
    measures = _of(SliceThickness=apart, SpacingBetweenSlices=apart, PixelSpacing=list(first.PixelSpacing))
    orientation = _of(ImageOrientationPatient=list(first.ImageOrientationPatient))
    return _of(PixelMeasuresSequence=Items([measures]), PlaneOrientationSequence=Items([orientation]))


def _frame(one: Dataset, position: int) -> Dataset:
    purpose = _code("121322", "DCM", "Source image for image processing operation")
    source = _reference(one)
    source.PurposeOfReferenceCodeSequence = Items([purpose])
    derivation = _of(SourceImageSequence=Items([source]),
                     DerivationCodeSequence=Items([_code("113076", "DCM", "Segmentation")]))  # fmt: skip
    return _of(
        DerivationImageSequence=Items([derivation]),
        FrameContentSequence=Items([_of(DimensionIndexValues=[1, position])]),
        PlanePositionSequence=Items([_of(ImagePositionPatient=list(one.ImagePositionPatient))]),
        SegmentIdentificationSequence=Items([_of(ReferencedSegmentNumber=1)]),
    )


def _segment() -> Dataset:
    return _of(
        SegmentNumber=1, SegmentLabel=LABEL, SegmentAlgorithmType="MANUAL",
        SegmentedPropertyCategoryCodeSequence=Items([_code("85756007", "SCT", "Tissue")]),
        SegmentedPropertyTypeCodeSequence=Items([_code("85756007", "SCT", "Tissue")]),
        RecommendedDisplayCIELabValue=[34000, 53000, 20000],
    )  # fmt: skip


def _reference(one: Dataset) -> Dataset:
    return _of(ReferencedSOPClassUID=one.SOPClassUID, ReferencedSOPInstanceUID=one.SOPInstanceUID)


def _dimension(organization: str, pointer: int, group: int) -> Dataset:
    return _of(
        DimensionOrganizationUID=organization, DimensionIndexPointer=pointer, FunctionalGroupPointer=group
    )


def _code(value: str, scheme: str, meaning: str) -> Dataset:
    return _of(CodeValue=value, CodingSchemeDesignator=scheme, CodeMeaning=meaning)


def _of(**elements: object) -> Dataset:
    dataset = Dataset()
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    return dataset
