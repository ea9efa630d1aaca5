"""Instances as DICOM objects refer to them: by class and UID, series by series.

Reference  PS3.3 §10.8 (SOP Instance Reference Macro), §C.17.2.1 (Hierarchical SOP Instance Reference Macro)
"""

from __future__ import annotations

from collections.abc import Iterable

from pydicom.dataset import Dataset


def instance_reference(sop_class_uid: str, sop_instance_uid: str) -> Dataset:
    """An item that names one instance."""
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = sop_class_uid, sop_instance_uid
    return item


def series_references(named: Iterable[tuple[str, Dataset]]) -> list[Dataset]:
    """An item for each series, with the references that were given beside its UID, in their order."""
    by_series: dict[str, list[Dataset]] = {}
    for series_instance_uid, reference in named:
        by_series.setdefault(series_instance_uid, []).append(reference)
    return [_series(uid, references) for uid, references in by_series.items()]


def _series(series_instance_uid: str, references: list[Dataset]) -> Dataset:
    item = Dataset()
    item.SeriesInstanceUID, item.ReferencedSOPSequence = series_instance_uid, references
    return item
