"""What stands for a patient, a UID and a day: the same for the same key wherever and whenever it is asked.

Nothing is stored: each answer is a keyed digest (HMAC-SHA-256) of what it stands for, so objects, series and
sessions of one project fit together, and nobody without the key can tell or guess the original.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass

from pydicom._uid_dict import UID_dictionary
from pydicom.dataset import Dataset

_STANDARD_ROOT = "1.2.840.10008."
LONGEST_SHIFT_DAYS = 3650


@dataclass(frozen=True, slots=True)
class Pseudonyms:
    """The answers for one patient under one key. `shift_days` is how far back all dates of the patient go."""

    secret: bytes
    patient: str

    @classmethod
    def for_object(cls, dataset: Dataset, secret: bytes) -> Pseudonyms:
        """The pseudonyms for the patient of a data set; without an identifier, by name and birth date."""
        issuer, patient_id = _text(dataset, "IssuerOfPatientID"), _text(dataset, "PatientID")
        if patient_id:
            return cls.for_identifier(patient_id, issuer, secret)
        name, born = _text(dataset, "PatientName"), _text(dataset, "PatientBirthDate")
        if name:
            return cls(secret, f"name\x1f{name.casefold()}\x1f{born}")
        return cls(secret, f"study\x1f{_text(dataset, 'StudyInstanceUID')}")

    @classmethod
    def for_identifier(cls, patient_id: str, issuer: str, secret: bytes) -> Pseudonyms:
        """The pseudonyms for the patient whom an issuer, or nobody in particular, knows by an identifier."""
        return cls(secret, f"id\x1f{issuer}\x1f{patient_id}")

    @property
    def patient_id(self) -> str:
        """Thirteen letters and digits that stand for the patient."""
        return base64.b32encode(self._digest("patient", self.patient)[:8]).decode().rstrip("=")

    @property
    def patient_name(self) -> str:
        return f"{self.patient_id}^Anonymous"

    @property
    def shift_days(self) -> int:
        """At least one day and less than ten years; whole days, so times of day stay as they are."""
        return 1 + int.from_bytes(self._digest("shift", self.patient)[:8], "big") % (LONGEST_SHIFT_DAYS - 1)

    def uid(self, original: str) -> str:
        """The UID that stands for another (PS3.5 §B.2); UIDs the standard itself assigns stay."""
        if is_standard_uid(original):
            return original
        digest = bytearray(self._digest("uid", original)[:16])
        digest[6] = digest[6] & 0x0F | 0x40  # shaped as a version 4 UUID
        digest[8] = digest[8] & 0x3F | 0x80
        return f"2.25.{int.from_bytes(digest, 'big')}"

    def ae_title(self, original: str) -> str:
        """The title that stands for another: fourteen characters, the same for all objects of a device."""
        code = base64.b32encode(self._digest("ae", original.strip())[:10]).decode()
        return f"AE{code[:12]}" if original.strip() else ""

    def _digest(self, kind: str, value: str) -> bytes:
        return hmac.new(self.secret, f"{kind}\x1f{value}".encode(), hashlib.sha256).digest()


def is_standard_uid(uid: str) -> bool:
    """Whether DICOM itself assigned the UID: SOP classes, transfer syntaxes, well-known instances."""
    return uid in UID_dictionary or uid.startswith(_STANDARD_ROOT)


def _text(dataset: Dataset, keyword: str) -> str:
    return str(dataset.get(keyword) or "").strip()
