"""What a de-identified object says of itself: that it is one, and by which profile and options.

Reference  PS3.15 §E.1.1 (steps 6 to 10), PS3.3 §C.12.1 (Longitudinal Temporal Information Modified), §C.7.1.1
"""

from __future__ import annotations

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items

from archive.deidentification.options import BASIC_PROFILE, CODES, Option, Profile
from archive.deidentification.table import EDITION


def sign(dataset: Dataset, profile: Profile) -> None:
    """Write the marks into the data set."""
    dataset.PatientIdentityRemoved = "YES"
    dataset.DeidentificationMethod = f"PS3.15 {EDITION} Annex E Basic Profile, Consilium"
    applied = [BASIC_PROFILE, *(CODES[option] for option in Option if option in profile.options)]
    dataset.DeidentificationMethodCodeSequence = Items(_code(*pair) for pair in applied)
    dataset.LongitudinalTemporalInformationModified = _dates(profile)
    if "PixelData" in dataset and Option.CLEAN_VISUAL_FEATURES in profile.options:
        dataset.RecognizableVisualFeatures = "NO"


def _dates(profile: Profile) -> str:
    if Option.RETAIN_FULL_DATES in profile.options:
        return "UNMODIFIED"
    return "MODIFIED" if Option.RETAIN_MODIFIED_DATES in profile.options else "REMOVED"


def _code(value: str, meaning: str) -> Dataset:
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = value, "DCM", meaning[:64]
    return code
