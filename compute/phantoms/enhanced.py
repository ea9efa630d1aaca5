"""A phantom's slices as one enhanced multi-frame object: positions, phases and times frame by frame.

Reference  PS3.3 §A.36 (Enhanced MR), §A.38 (Enhanced CT), §C.7.6.16 (functional groups)
"""

from __future__ import annotations

from collections.abc import Sequence

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence as Items
from pydicom.uid import EnhancedCTImageStorage, EnhancedMRImageStorage, ExplicitVRLittleEndian

from common.uids import derived_uid

_CARRIED = (
    "SpecificCharacterSet", "PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyInstanceUID",
    "StudyDate", "StudyTime", "StudyID", "StudyDescription", "AccessionNumber", "ReferringPhysicianName",
    "SeriesNumber", "SeriesDate", "SeriesTime", "SeriesDescription", "Manufacturer", "ManufacturerModelName",
    "DeviceSerialNumber", "SoftwareVersions", "InstitutionName", "FrameOfReferenceUID",
    "PositionReferenceIndicator", "PatientPosition", "Rows", "Columns", "SamplesPerPixel",
    "PhotometricInterpretation", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation", "ContentDate",
    "ContentTime", "ProtocolName",
)  # fmt: skip


def enhanced(slices: Sequence[Dataset], *, series_instance_uid: str, phases: int = 1) -> Dataset:
    """The slices, in their order, as the frames of one Enhanced CT or Enhanced MR object.

    With several phases the slices come phase after phase, and each frame names its temporal position.
    """
    first = slices[0]
    is_ct = first.Modality == "CT"
    ds = Dataset()
    for keyword in _CARRIED:
        if keyword in first:
            ds[keyword] = first[keyword]
    ds.SOPClassUID = EnhancedCTImageStorage if is_ct else EnhancedMRImageStorage
    ds.Modality = first.Modality
    ds.SeriesInstanceUID = series_instance_uid
    ds.SOPInstanceUID = derived_uid("phantom enhanced", series_instance_uid)
    ds.InstanceNumber = 1
    ds.NumberOfFrames = len(slices)
    _image(ds, first, is_ct=is_ct)
    _dimensions(ds)
    per_phase = len(slices) // phases
    ds.SharedFunctionalGroupsSequence = Items([_shared(first, is_ct=is_ct)])
    ds.PerFrameFunctionalGroupsSequence = Items(
        _frame(item, at % per_phase + 1, at // per_phase + 1) for at, item in enumerate(slices)
    )
    ds.PixelData = b"".join(item.PixelData for item in slices)
    ds["PixelData"].VR = "OW"
    ds.file_meta = FileMetaDataset()
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return ds


def _image(ds: Dataset, first: Dataset, *, is_ct: bool) -> None:
    ds.ImageType = ["ORIGINAL", "PRIMARY", "VOLUME" if is_ct else "T1", "NONE"]
    ds.AcquisitionNumber = 1
    ds.AcquisitionDateTime = f"{first.AcquisitionDate}{first.AcquisitionTime}"
    ds.AcquisitionDuration = 10.0
    ds.PixelPresentation = "MONOCHROME"
    ds.VolumetricProperties = "VOLUME"
    ds.VolumeBasedCalculationTechnique = "NONE"
    ds.BurnedInAnnotation = "NO"
    ds.LossyImageCompression = "00"
    ds.PresentationLUTShape = "IDENTITY"
    ds.ContentQualification = "RESEARCH"
    ds.AcquisitionContextSequence = Items()
    if not is_ct:
        _mr_acquisition(ds)


def _mr_acquisition(ds: Dataset) -> None:
    """What Enhanced MR says once of the whole acquisition (PS3.3 §C.8.13.1, §C.8.13.4)."""
    ds.ComplexImageComponent, ds.AcquisitionContrast = "MAGNITUDE", "T1"
    ds.KSpaceFiltering = "NONE"
    ds.MagneticFieldStrength = 3.0
    ds.ResonantNucleus = "1H"
    ds.ApplicableSafetyStandardAgency = "IEC"
    ds.PulseSequenceName = "phantom"
    ds.MRAcquisitionType = "3D"
    ds.EchoPulseSequence, ds.MultiPlanarExcitation = "GRADIENT", "NO"
    ds.PhaseContrast, ds.TimeOfFlightContrast = "NO", "NO"
    ds.SteadyStatePulseSequence, ds.EchoPlanarPulseSequence = "NONE", "NO"
    ds.SaturationRecovery, ds.SpectrallySelectedSuppression = "NO", "NONE"
    ds.GeometryOfKSpaceTraversal, ds.RectilinearPhaseEncodeReordering = "RECTILINEAR", "LINEAR"
    ds.SegmentedKSpaceTraversal, ds.CoverageOfKSpace, ds.NumberOfKSpaceTrajectories = "SINGLE", "FULL", 1
    ds.OversamplingPhase = "NONE"


def _dimensions(ds: Dataset) -> None:
    """Two dimensions: temporal position and place in the stack (PS3.3 §C.7.6.17)."""
    uid = derived_uid("phantom dimensions", ds.SOPInstanceUID)
    organization = Dataset()
    organization.DimensionOrganizationUID = uid
    ds.DimensionOrganizationSequence = Items([organization])
    items = []
    for tag in (0x00209128, 0x00209057):  # Temporal Position Index, In-Stack Position Number
        item = Dataset()
        item.DimensionOrganizationUID = uid
        item.DimensionIndexPointer = tag
        item.FunctionalGroupPointer = 0x00209111
        items.append(item)
    ds.DimensionIndexSequence = Items(items)


def _shared(first: Dataset, *, is_ct: bool) -> Dataset:
    groups = Dataset()
    _put(
        groups, "PixelMeasuresSequence", PixelSpacing=first.PixelSpacing, SliceThickness=first.SliceThickness
    )
    _put(groups, "PlaneOrientationSequence", ImageOrientationPatient=first.ImageOrientationPatient)
    region = _put(groups, "FrameAnatomySequence", FrameLaterality="U")
    anatomy = _code("51185008", "SCT", "Chest") if is_ct else _code("69536005", "SCT", "Head")
    region.AnatomicRegionSequence = Items([anatomy])
    intercept, unit = (first.RescaleIntercept, "HU") if is_ct else ("0", "US")
    _put(groups, "PixelValueTransformationSequence", RescaleIntercept=intercept, RescaleSlope="1",
         RescaleType=unit)  # fmt: skip
    _put(groups, "FrameVOILUTSequence", WindowCenter="40", WindowWidth="400")
    kind = {
        "FrameType": ["ORIGINAL", "PRIMARY", "VOLUME" if is_ct else "T1", "NONE"],
        "PixelPresentation": "MONOCHROME",
        "VolumetricProperties": "VOLUME",
        "VolumeBasedCalculationTechnique": "NONE",
    }
    if is_ct:
        _put(groups, "CTImageFrameTypeSequence", **kind)
        _ct_groups(groups, first)
    else:
        _put(groups, "MRImageFrameTypeSequence", **kind, ComplexImageComponent="MAGNITUDE",
             AcquisitionContrast="T1")  # fmt: skip
        _mr_groups(groups, first)
    return groups


def _ct_groups(groups: Dataset, first: Dataset) -> None:
    """The macros every ORIGINAL CT frame has (PS3.3 §C.8.15.3)."""
    _put(groups, "CTAcquisitionTypeSequence", AcquisitionType="SPIRAL", ConstantVolumeFlag="NO",
         FluoroscopyFlag="NO")  # fmt: skip
    event = _put(groups, "IrradiationEventIdentificationSequence")
    event.IrradiationEventUID = derived_uid("phantom irradiation", first.SeriesInstanceUID)
    _put(groups, "CTAcquisitionDetailsSequence", RotationDirection="CW", RevolutionTime=0.5,
         SingleCollimationWidth=0.625, TotalCollimationWidth=40.0, TableHeight=142.0, GantryDetectorTilt=0.0,
         DataCollectionDiameter=500.0)  # fmt: skip
    _put(groups, "CTTableDynamicsSequence", TableSpeed=40.0, TableFeedPerRotation=20.0, SpiralPitchFactor=0.9)
    _put(groups, "CTPositionSequence", TablePosition=0.0, DataCollectionCenterPatient=[0.0, 0.0, 0.0],
         ReconstructionTargetCenterPatient=[0.0, 0.0, 0.0])  # fmt: skip
    _put(groups, "CTGeometrySequence", DistanceSourceToDetector=1000.0,
         DistanceSourceToDataCollectionCenter=540.0)  # fmt: skip
    _put(groups, "CTReconstructionSequence", ReconstructionAlgorithm="FILTER_BACK_PROJ",
         ConvolutionKernel="B40f", ConvolutionKernelGroup="BODY", ReconstructionDiameter=380.0,
         ReconstructionPixelSpacing=[float(v) for v in first.PixelSpacing],
         ReconstructionAngle=360.0, ImageFilter="NONE")  # fmt: skip
    _put(groups, "CTExposureSequence", ExposureTimeInms=500.0, XRayTubeCurrentInmA=220.0,
                    ExposureInmAs=110.0, ExposureModulationType="NONE")  # fmt: skip
    _put(groups, "CTXRayDetailsSequence", KVP=first.KVP, FocalSpots=1.2, FilterType="WEDGE",
         FilterMaterial="ALUMINUM")  # fmt: skip


def _mr_groups(groups: Dataset, first: Dataset) -> None:
    """The macros every ORIGINAL MR frame has (PS3.3 §C.8.13.5)."""
    _put(groups, "MRTimingAndRelatedParametersSequence", RepetitionTime="1900", FlipAngle="9", EchoTrainLength=1,
         RFEchoTrainLength=0, GradientEchoTrainLength=1, GradientOutputType="DB_DT", GradientOutput=20.0)  # fmt: skip
    timing = groups["MRTimingAndRelatedParametersSequence"].value[0]
    sar, mode = Dataset(), Dataset()
    sar.SpecificAbsorptionRateDefinition, sar.SpecificAbsorptionRateValue = "IEC_HEAD", 1.0
    mode.OperatingModeType, mode.OperatingMode = "STATIC FIELD", "IEC_NORMAL"
    timing.SpecificAbsorptionRateSequence, timing.OperatingModeSequence = Items([sar]), Items([mode])
    _put(groups, "MRFOVGeometrySequence", InPlanePhaseEncodingDirection="ROW", MRAcquisitionFrequencyEncodingSteps=64,
         MRAcquisitionPhaseEncodingStepsInPlane=64, MRAcquisitionPhaseEncodingStepsOutOfPlane=16,
         PercentSampling="100", PercentPhaseFieldOfView="100")  # fmt: skip
    _put(groups, "MREchoSequence", EffectiveEchoTime=2.5)
    _put(groups, "MRModifierSequence", InversionRecovery="NO", FlowCompensation="NONE", Spoiling="RF",
         T2Preparation="NO", SpectrallySelectedExcitation="NONE", SpatialPresaturation="NONE",
         PartialFourier="NO", ParallelAcquisition="NO")  # fmt: skip
    _put(groups, "MRImagingModifierSequence", MagnetizationTransfer="NONE", BloodSignalNulling="NO", Tagging="NONE",
         TransmitterFrequency=123.2, PixelBandwidth=first.PixelBandwidth)  # fmt: skip
    _put(groups, "MRReceiveCoilSequence", ReceiveCoilName="HEAD", ReceiveCoilManufacturerName="Consilium",
         ReceiveCoilType="VOLUME", QuadratureReceiveCoil="NO")  # fmt: skip
    _put(groups, "MRTransmitCoilSequence", TransmitCoilName="BODY", TransmitCoilManufacturerName="Consilium",
         TransmitCoilType="BODY")  # fmt: skip
    _put(groups, "MRAveragesSequence", NumberOfAverages=1.0)


def _frame(item: Dataset, place: int, phase: int) -> Dataset:
    groups = Dataset()
    begun = f"{item.AcquisitionDate}{item.AcquisitionTime}"
    _put(groups, "FrameContentSequence", FrameAcquisitionNumber=phase, FrameAcquisitionDateTime=begun,
         FrameReferenceDateTime=begun, FrameAcquisitionDuration=10.0, StackID="1", InStackPositionNumber=place,
         TemporalPositionIndex=phase, DimensionIndexValues=[phase, place])  # fmt: skip
    _put(groups, "PlanePositionSequence", ImagePositionPatient=item.ImagePositionPatient)
    return groups


def _put(groups: Dataset, keyword: str, **values: object) -> Dataset:
    """Add a functional group of one item."""
    item = Dataset()
    for name, value in values.items():
        setattr(item, name, value)
    setattr(groups, keyword, Items([item]))
    return item


def _code(value: str, scheme: str, meaning: str) -> Dataset:
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = value, scheme, meaning
    return code
