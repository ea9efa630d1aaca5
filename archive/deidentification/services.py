"""De-identify an object, and bring an original back for those who may.

Reference  PS3.15 Annex E
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator

from pydicom import dcmread, dcmwrite
from pydicom.dataset import Dataset, FileDataset
from pydicom.errors import InvalidDicomError

from accounts.actors import Actor, SystemActor
from accounts.audit import record_audit
from accounts.privileges import Privilege, has_privilege
from archive.deidentification.bookkeeping import sign
from archive.deidentification.decoders import clean_pixels
from archive.deidentification.encryption import encrypted, opened, originals_of
from archive.deidentification.engine import DAMAGE, Engine
from archive.deidentification.faces.cleaning import clean_faces
from archive.deidentification.faces.siblings import Siblings
from archive.deidentification.keys import recipient_of, secret_of
from archive.deidentification.options import Option, Profile
from archive.deidentification.overlay_bits import clear_overlay_bits
from archive.deidentification.pixels import mark_derived
from archive.deidentification.pseudonyms import Pseudonyms
from archive.deidentification.words import identifying_words
from common.errors import InvalidInput, NotPermitted, ServiceError

__all__ = ["Option", "Profile", "Siblings", "deidentify", "deidentify_dataset", "reidentify"]

_IDENTIFIERS = ("PatientID", "AccessionNumber", "PatientBirthDate", "InstitutionName", "OtherPatientIDs")


def deidentify(data: bytes, *, profile: Profile, siblings: Siblings | None = None) -> bytes:
    """A Part 10 file without the identity of anybody, by the Basic profile and these options.

    The same key and the same original always give the same result, so it may be done again. The transfer
    syntax stays, unless pixels had to be cleaned: then the pixels are Explicit VR Little Endian. `siblings` are
    the objects of its series, by which a face is found: what is done to a slice depends on them too.
    Raises  InvalidInput for what cannot be read or cannot be made safe: BURNED_IN_ANNOTATION where text is in the
            pixels and the option that cleans them is not chosen; OCR_MISSING, PIXELS_UNREADABLE,
            PIXELS_TOO_LARGE, DECODER_CRASHED, DECODING_TOO_SLOW where it is chosen and cannot be done;
            RECOGNIZABLE_FEATURES, FACE_IN_PICTURE, FACE_NEEDS_SERIES, FACE_POSITION_UNKNOWN likewise for faces;
            KEY_MISSING; DATA_SET_DAMAGED. Unavailable if other objects are being cleaned for long.
    """
    try:
        dataset = dcmread(io.BytesIO(data), force=False)
        deidentify_dataset(dataset, profile=profile, siblings=siblings)
        buffer = io.BytesIO()
        dcmwrite(buffer, dataset, enforce_file_format=True)
    except ServiceError:
        raise
    except InvalidDicomError as error:
        raise InvalidInput("This is not a DICOM Part 10 file", code="NOT_PART10") from error
    except DAMAGE as error:
        raise InvalidInput(
            "The object cannot be read or written as DICOM", code="DATA_SET_DAMAGED"
        ) from error
    return buffer.getvalue()


def deidentify_dataset(dataset: FileDataset, *, profile: Profile, siblings: Siblings | None = None) -> None:
    """As `deidentify`, in place on a parsed object with its file meta information."""
    _check_burned_in(dataset, profile)
    _check_features(dataset, profile)
    pseudonyms = Pseudonyms.for_object(dataset, secret_of(profile.key_name))
    _decode_text(dataset)
    originals = originals_of(dataset) if profile.is_reversible else None
    words = identifying_words(_identifiers(dataset))
    done = _cleaned(dataset, profile, siblings)
    clear_overlay_bits(dataset)
    Engine(profile.options, pseudonyms, words).apply(dataset)
    if done:
        mark_derived(dataset, ", ".join(done).capitalize())
    if done and Option.RETAIN_UIDS in profile.options:  # other pixels are another instance
        dataset.SOPInstanceUID = pseudonyms.uid(str(dataset.SOPInstanceUID))
    if "EncapsulatedDocument" in dataset:  # a blank one by now
        dataset.BurnedInAnnotation = "NO"
    sign(dataset, profile)
    if originals is not None:
        dataset.EncryptedAttributesSequence = encrypted(originals, recipient_of(profile.key_name))
    _renew_file_meta(dataset)


def reidentify(data: bytes, *, key_name: str, actor: Actor) -> bytes:
    """The object with its original identifiers, for a person who may; every opening is audited.

    Raises  NotPermitted without the privilege; InvalidInput NOT_REVERSIBLE if the key opens nothing in it.
    """
    if isinstance(actor, SystemActor) or not has_privilege(actor, Privilege.REIDENTIFY):
        raise NotPermitted("You may not re-identify objects", code="NOT_PERMITTED")
    try:
        dataset = dcmread(io.BytesIO(data))
    except (InvalidDicomError, *DAMAGE) as error:
        raise InvalidInput("This is not a DICOM Part 10 file", code="NOT_PART10") from error
    pseudonymous_uid = str(dataset.get("SOPInstanceUID", ""))
    originals = opened(dataset, recipient_of(key_name))
    for element in originals:
        dataset[element.tag] = element
    for keyword in (
        "EncryptedAttributesSequence", "PatientIdentityRemoved", "DeidentificationMethod",
        "DeidentificationMethodCodeSequence",
    ):  # fmt: skip
        if keyword in dataset:
            del dataset[keyword]
    _renew_file_meta(dataset)
    buffer = io.BytesIO()
    dcmwrite(buffer, dataset, enforce_file_format=True)
    record_audit(
        actor, "object.reidentified", object_kind="instance", object_uid=pseudonymous_uid, key_name=key_name
    )
    return buffer.getvalue()


def _check_burned_in(dataset: Dataset, profile: Profile) -> None:
    says_so = str(dataset.get("BurnedInAnnotation", "")).upper() == "YES"
    if says_so and "PixelData" in dataset and Option.CLEAN_PIXEL_DATA not in profile.options:
        raise InvalidInput(
            "The pixels hold burnt-in text: choose the option that cleans pixel data",
            code="BURNED_IN_ANNOTATION",
        )


def _check_features(dataset: Dataset, profile: Profile) -> None:
    says_so = str(dataset.get("RecognizableVisualFeatures", "")).upper() == "YES"
    if says_so and Option.CLEAN_VISUAL_FEATURES not in profile.options:
        raise InvalidInput(
            "Somebody may be recognized in the images: choose the option that cleans visual features",
            code="RECOGNIZABLE_FEATURES",
        )


def _cleaned(dataset: FileDataset, profile: Profile, siblings: Siblings | None) -> list[str]:
    """Clean the pixels as the options ask; what was done to them."""
    done = []
    if Option.CLEAN_PIXEL_DATA in profile.options and clean_pixels(dataset):
        done.append("burnt-in text blanked")
    if Option.CLEAN_VISUAL_FEATURES in profile.options and clean_faces(dataset, siblings):
        done.append("surface of the head removed")
    return done


def _decode_text(dataset: Dataset) -> None:
    """Decode all text, so that what is written is UTF-8 throughout, whatever each sequence claimed."""
    with contextlib.suppress(*DAMAGE):  # what cannot be decoded is met one by one, and removed
        dataset.decode()
    for item in _datasets(dataset, 0):
        if "SpecificCharacterSet" in item:
            del item["SpecificCharacterSet"]
    dataset.SpecificCharacterSet = "ISO_IR 192"


def _identifiers(dataset: Dataset) -> Iterator[str]:
    """Every name and identifier in the object, whose words must be found nowhere after."""
    for item in _datasets(dataset, 0):
        for tag in list(item.keys()):
            try:
                element = item[tag]
            except DAMAGE:
                continue
            if element.VR == "PN" or element.keyword in _IDENTIFIERS:
                values = element.value if element.VM > 1 else [element.value]
                yield from (str(value) for value in values if value)


def _datasets(dataset: Dataset, depth: int) -> Iterator[Dataset]:
    yield dataset
    if depth > 24:
        return
    for tag in list(dataset.keys()):
        try:
            element = dataset[tag]
        except DAMAGE:
            continue
        if element.VR == "SQ":
            for item in element.value or ():
                yield from _datasets(item, depth + 1)


def _renew_file_meta(dataset: FileDataset) -> None:
    """File meta information that names the new instance and nothing of the old way (PS3.10 §7.1)."""
    syntax = dataset.file_meta.TransferSyntaxUID
    dataset.file_meta.clear()
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.file_meta.MediaStorageSOPClassUID = dataset.get("SOPClassUID", "")
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.get("SOPInstanceUID", "")
    dataset.preamble = b"\0" * 128
