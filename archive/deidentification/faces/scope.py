"""Which objects may show a face, and which of those a face can be taken off.

Reference  PS3.15 §E.3.2, PS3.16 Annex L (body parts)
"""

from __future__ import annotations

from enum import Enum

from pydicom.dataset import Dataset


class Showing(Enum):
    """What an object may show."""

    NO_FACE = "no face"
    HEAD = "a volume from which a face may be rendered"
    PICTURE = "a picture, drawing or surface of a face, which nothing here can judge"


_STORAGE = "1.2.840.10008.5.1.4.1.1."
# CT, MR and PET, enhanced and converted ones too, and X-Ray 3D of heads and jaws.
_VOLUMES = frozenset(
    _STORAGE + last
    for last in (
        "2", "2.1", "2.2", "4", "4.1", "4.4", "128", "128.1", "130", "13.1.1", "13.1.2",
    )
)  # fmt: skip
# Secondary captures (rendered heads too), photographs, colour maps of heads, parametric maps, raw data; surfaces and
# segments may be the skin itself.
_PICTURES = frozenset(
    _STORAGE + last
    for last in (
        "7", "7.1", "7.2", "7.3", "7.4", "77.1.4", "77.1.4.1", "77.1.5.1", "77.1.5.2", "4.3", "30", "66", "66.4",
        "66.5", "66.7", "68.1", "68.2", "481.3",
    )
)  # fmt: skip
_PHOTOGRAPHS = frozenset({"XC", "GM"})
# Parts that images of show no face. What is not here may: the head, its parts, the neck, the whole body, and no word.
_FACELESS = frozenset({
    "ABDOMEN", "ABDOMENPELVIS", "ANKLE", "ARM", "BLADDER", "BREAST", "CALCANEUS", "CALF", "CHEST", "CHESTABDOMEN",
    "CHESTABDPELVIS", "CLAVICLE", "COCCYX", "COLON", "ELBOW", "FEMUR", "FINGER", "FOOT", "FOREARM", "HAND", "HEART",
    "HIP", "HUMERUS", "KIDNEY", "KNEE", "LEG", "LIVER", "LSPINE", "LSSPINE", "LUNG", "PANCREAS", "PELVIS", "PROSTATE",
    "RIB", "SCAPULA", "SHOULDER", "SPLEEN", "SSPINE", "STERNUM", "THIGH", "TIBIA", "TOE", "TSPINE", "UTERUS", "WRIST",
})  # fmt: skip


def showing(dataset: Dataset) -> Showing:
    """What an object may show, by its class and body part; one that says itself that it shows none does not."""
    if str(dataset.get("RecognizableVisualFeatures", "")).upper() == "NO":
        return Showing.NO_FACE
    if str(dataset.get("BodyPartExamined", "")).strip().upper() in _FACELESS:
        return Showing.NO_FACE
    sop_class = str(dataset.get("SOPClassUID", ""))
    if sop_class in _VOLUMES and not _is_projection(dataset) and _is_grey(dataset):
        return Showing.HEAD
    if sop_class in _VOLUMES | _PICTURES or str(dataset.get("Modality", "")) in _PHOTOGRAPHS:
        return Showing.PICTURE
    return Showing.NO_FACE


def _is_projection(dataset: Dataset) -> bool:
    """Whether an image was projected, as a scout or a rendering is: it has the profile, and no surface."""
    words = {str(word).upper() for word in dataset.get("ImageType") or ()}
    is_scout = "LOCALIZER" in words and str(dataset.get("Modality", "")) == "CT"
    return is_scout or "VOLUME_RENDER" in words or "PROJECTION IMAGE" in words


def _is_grey(dataset: Dataset) -> bool:
    return int(dataset.get("SamplesPerPixel") or 1) == 1 and "PixelData" in dataset
