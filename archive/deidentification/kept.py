"""Attributes outside Table E.1-1 that stay as they are; every other one outside the table is treated by its VR.

The standard keeps whatever its table does not name. That is only safe while nobody writes a name into a place
nobody thought of, so of free text only what describes machines, codes and methods is kept here.
"""

from __future__ import annotations

from pydicom.datadict import tag_for_keyword


def _tags(*keywords: str) -> frozenset[int]:
    found = [tag_for_keyword(keyword) for keyword in keywords]
    missing = [keyword for keyword, tag in zip(keywords, found, strict=True) if tag is None]
    if missing:
        raise LookupError(f"No such attributes: {missing}")
    return frozenset(tag for tag in found if tag is not None)


KEPT_TEXT = _tags(
    "Manufacturer", "ManufacturerModelName", "SoftwareVersions", "SequenceName", "PulseSequenceName",
    "ConvolutionKernel", "FilterType", "ImagedNucleus", "ReceiveCoilName", "ReceiveCoilManufacturerName",
    "TransmitCoilName", "TransmitCoilManufacturerName", "Radiopharmaceutical", "ContrastBolusRoute",
    "ReconstructionMethod", "AttenuationCorrectionMethod", "ScatterCorrectionMethod", "RescaleType",
    "ModalityLUTType", "LUTExplanation", "WindowCenterWidthExplanation", "StackID", "DimensionDescriptionLabel",
    "AlgorithmName", "AlgorithmVersion", "SegmentAlgorithmName", "SecondaryCaptureDeviceManufacturer",
    "SecondaryCaptureDeviceManufacturerModelName", "SecondaryCaptureDeviceSoftwareVersions",
    "MIMETypeOfEncapsulatedDocument", "ApplicableSafetyStandardAgency", "EnergyWindowName",
    "PositionReferenceIndicator",
)  # fmt: skip
KEPT_CODES = _tags(
    "CodeValue", "LongCodeValue", "URNCodeValue", "CodingSchemeDesignator", "CodingSchemeVersion", "CodeMeaning",
    "CodingSchemeName", "CodingSchemeRegistry", "CodingSchemeExternalID", "ContextIdentifier", "MappingResourceName",
)  # fmt: skip
KEPT_UIDS = _tags(
    "SOPClassUID", "ReferencedSOPClassUID", "ReferencedSOPClassUIDInFile", "MediaStorageSOPClassUID",
    "TransferSyntaxUID", "ReferencedTransferSyntaxUIDInFile", "CodingSchemeUID", "ContextUID", "MappingResourceUID",
    "RelatedGeneralSOPClassUID", "OriginalSpecializedSOPClassUID", "SOPClassesInStudy", "SOPClassesSupported",
    "EncryptedContentTransferSyntaxUID", "MACCalculationTransferSyntaxUID", "AvailableTransferSyntaxUID",
)  # fmt: skip
# Bulk data that are measurements, pictures or tables; other binary values may hold anything, and go.
KEPT_BULK_GROUPS = frozenset({0x0014, 0x0022, 0x0028, 0x0048, 0x0066, 0x006A, 0x5400, 0x5600, 0x7FE0})
KEPT_BULK = _tags(
    "GraphicData", "LUTData", "WaveformData", "WaveformPaddingValue", "ChannelMinimumValue",
    "ChannelMaximumValue",
)  # fmt: skip
