"""The original identifiers, kept inside the object for the holder of a key (Encrypted Attributes Sequence).

The identifiers that were changed are one encrypted CMS envelope; whoever holds the private key opens it, and
puts them back where they were.

Reference  PS3.15 §E.1.1 (steps 1 to 5), §E.1.2 (re-identification), PS3.3 §C.12.1.1.4, RFC 5652
"""

from __future__ import annotations

import copy
import io

from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs7 import (
    PKCS7EnvelopeBuilder,
    PKCS7Options,
    pkcs7_decrypt_der,
)
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filereader import read_dataset
from pydicom.filewriter import write_dataset
from pydicom.sequence import Sequence as Items
from pydicom.uid import ExplicitVRLittleEndian

from archive.deidentification.keys import Recipient
from common.errors import InvalidInput

_LARGEST = 1 << 20
ORIGINALS = (
    "PatientName", "PatientID", "IssuerOfPatientID", "PatientBirthDate", "PatientSex", "OtherPatientIDs",
    "AccessionNumber", "StudyID", "StudyDate", "StudyTime", "SeriesDate", "SeriesTime", "AcquisitionDate",
    "AcquisitionTime", "ContentDate", "ContentTime", "ReferringPhysicianName", "InstitutionName",
    "StudyDescription", "SeriesDescription", "StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID",
    "FrameOfReferenceUID", "PatientAge",
)  # fmt: skip


def originals_of(dataset: Dataset) -> Dataset:
    """A copy of the identifiers a data set holds, before anything is changed."""
    found = Dataset()
    for keyword in ORIGINALS:
        if keyword in dataset:
            found[keyword] = copy.deepcopy(dataset[keyword])
    found.SpecificCharacterSet = "ISO_IR 192"
    return found


def encrypted(originals: Dataset, recipient: Recipient) -> Items:
    """The Encrypted Attributes Sequence for these originals."""
    content = Dataset()
    content.ModifiedAttributesSequence = Items([originals])
    buffer = DicomBytesIO()
    buffer.is_little_endian, buffer.is_implicit_VR = True, False
    write_dataset(buffer, content, parent_encoding="utf-8")
    envelope = (
        PKCS7EnvelopeBuilder()
        .set_data(buffer.getvalue())
        .set_content_encryption_algorithm(AES256)
        .add_recipient(recipient.certificate)
        .encrypt(Encoding.DER, [PKCS7Options.Binary])
    )
    item = Dataset()
    item.EncryptedContentTransferSyntaxUID = ExplicitVRLittleEndian
    item.EncryptedContent = envelope + b"\0" * (len(envelope) % 2)
    return Items([item])


def opened(dataset: Dataset, recipient: Recipient) -> Dataset:
    """The originals out of a data set, for the holder of the private key.

    Raises  InvalidInput NOT_REVERSIBLE if there are none for this key.
    """
    if recipient.private_key is None:
        raise InvalidInput("The private key is not on this machine", code="KEY_MISSING")
    for item in dataset.get("EncryptedAttributesSequence") or ():
        envelope = bytes(item.get("EncryptedContent") or b"")
        if not 0 < len(envelope) <= _LARGEST:
            continue
        try:
            plain = pkcs7_decrypt_der(_unpadded(envelope), recipient.certificate, recipient.private_key, [])
        except ValueError:
            continue
        content = read_dataset(io.BytesIO(plain), is_implicit_VR=False, is_little_endian=True)
        if content.get("ModifiedAttributesSequence"):
            originals: Dataset = content.ModifiedAttributesSequence[0]
            return originals
    raise InvalidInput("The object holds no originals that this key opens", code="NOT_REVERSIBLE")


def _unpadded(envelope: bytes) -> bytes:
    """The envelope without the byte that made its length even: DER says how long it is (X.690 §8.1.3)."""
    count = envelope[1] & 0x7F if envelope[1] & 0x80 else 0
    length = int.from_bytes(envelope[2 : 2 + count], "big") if count else envelope[1]
    return envelope[: 2 + count + length]
