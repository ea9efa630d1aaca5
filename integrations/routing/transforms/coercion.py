"""Setting attributes of an object on its way out, the original values kept inside it.

Reference  PS3.3 §C.12.1.1.9.1 (Original Attributes Macro), PS3.4 §B.4.1.3 (coercion)
"""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Mapping

from django.conf import settings
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as DicomSequence

REASON = "COERCE"


def coerce(dataset: Dataset, values: Mapping[str, str], *, at: dt.datetime) -> None:
    """Set attributes by keyword. What differs is changed, and the former value goes down in the object."""
    changed = {keyword: value for keyword, value in values.items() if str(dataset.get(keyword, "")) != value}
    if not changed:
        return
    if not all(value.isascii() for value in changed.values()):
        dataset.decode()
        dataset.SpecificCharacterSet = "ISO_IR 192"
    former = Dataset()
    for keyword in changed:
        if keyword in dataset:
            former[keyword] = copy.deepcopy(dataset[keyword])
        else:
            setattr(former, keyword, None)
    for keyword, value in changed.items():
        setattr(dataset, keyword, value)
    item = Dataset()
    item.SourceOfPreviousValues = ""
    item.AttributeModificationDateTime = at.astimezone(dt.UTC).strftime("%Y%m%d%H%M%S.%f+0000")
    item.ModifyingSystem = settings.DICOM_AE_TITLE
    item.ReasonForTheAttributeModification = REASON
    item.ModifiedAttributesSequence = DicomSequence([former])
    known = list(dataset.get("OriginalAttributesSequence", None) or [])
    dataset.OriginalAttributesSequence = DicomSequence([*known, item])
