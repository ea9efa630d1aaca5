"""The later steps of a graded check: what the node takes, finds, stores and commits to.

Reference  PS3.4 §B (storage), §C (query), §J (storage commitment)
"""

from __future__ import annotations

import threading
import time
from typing import Any

from pydicom.dataset import Dataset
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    HTJ2KLossless,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)
from pynetdicom import evt, sop_class
from pynetdicom.events import Event
from pynetdicom.presentation import build_context

from common.errors import NotPermitted
from common.uids import new_uid
from integrations.dicom.models import AERole
from integrations.dicom.nodes.specimen import PATIENT_ID, specimen
from integrations.dicom.nodes.steps import Grade, Step, Subject
from integrations.dicom.scu.association import MAXIMUM_CONTEXTS, associate

COMMON_STORAGE: dict[str, str] = {
    str(getattr(sop_class, keyword)): keyword.removesuffix("Storage")
    for keyword in (
        "ComputedRadiographyImageStorage", "DigitalXRayImageStorageForPresentation",
        "DigitalMammographyXRayImageStorageForPresentation", "BreastTomosynthesisImageStorage",
        "CTImageStorage", "EnhancedCTImageStorage", "MRImageStorage", "EnhancedMRImageStorage",
        "UltrasoundImageStorage", "UltrasoundMultiFrameImageStorage", "XRayAngiographicImageStorage",
        "XRayRadiofluoroscopicImageStorage", "NuclearMedicineImageStorage",
        "PositronEmissionTomographyImageStorage", "SecondaryCaptureImageStorage",
        "MultiFrameTrueColorSecondaryCaptureImageStorage", "VLPhotographicImageStorage",
        "VLWholeSlideMicroscopyImageStorage", "SegmentationStorage",
        "GrayscaleSoftcopyPresentationStateStorage", "EnhancedSRStorage", "ComprehensiveSRStorage",
        "KeyObjectSelectionDocumentStorage", "EncapsulatedPDFStorage", "RTStructureSetStorage", "RTDoseStorage",
    )
}  # fmt: skip
COMMON_SYNTAXES: dict[str, str] = {
    ImplicitVRLittleEndian: "Implicit", ExplicitVRLittleEndian: "Explicit", DeflatedExplicitVRLittleEndian: "Deflated",
    JPEGBaseline8Bit: "JPEG", JPEGLosslessSV1: "JPEG lossless", JPEGLSLossless: "JPEG-LS",
    JPEG2000Lossless: "JPEG 2000", HTJ2KLossless: "HTJ2K", RLELossless: "RLE",
}  # fmt: skip
_COMMITMENT = str(sop_class.StorageCommitmentPushModel)  # type: ignore[attr-defined]
_COMMITMENT_INSTANCE = str(sop_class.StorageCommitmentPushModelInstance)
_FIND = str(sop_class.StudyRootQueryRetrieveInformationModelFind)  # type: ignore[attr-defined]
_SECONDARY_CAPTURE = str(sop_class.SecondaryCaptureImageStorage)  # type: ignore[attr-defined]
_PENDING = {0xFF00, 0xFF01}
_REPORT_WITHIN_S = 3.0
_MOST_READ = 100
_UTF_8 = "ISO_IR 192"


def check_contexts(subject: Subject) -> Step:
    """Which of the common storage SOP Classes the node takes, and in which transfer syntaxes each."""
    for abstract, syntax in _accepted_pairs(subject):
        subject.accepted.setdefault(abstract, []).append(syntax)
    values = {"classes": len(subject.accepted), "asked": len(COMMON_STORAGE)}
    more = {"accepted": subject.accepted}
    takes = {syntax for syntaxes in subject.accepted.values() for syntax in syntaxes}
    if not takes:
        grade = Grade.FAILED if subject.node.may(AERole.STORAGE_SCP) else Grade.OK
        return Step("contexts", grade, "CONTEXTS_NONE", values, more)
    if takes == {str(ImplicitVRLittleEndian)}:
        return Step("contexts", Grade.WARNING, "CONTEXTS_DEFAULT_ONLY", values, more)
    return Step("contexts", Grade.OK, "CONTEXTS_ACCEPTED", values, more)


def _accepted_pairs(subject: Subject) -> list[tuple[str, str]]:
    """One context a pair, as many as an association may propose at once (PS3.8 §9.3.2.2)."""
    pairs = [(abstract, syntax) for abstract in COMMON_STORAGE for syntax in COMMON_SYNTAXES]
    accepted = []
    for start in range(0, len(pairs), MAXIMUM_CONTEXTS):
        contexts = [build_context(*pair) for pair in pairs[start : start + MAXIMUM_CONTEXTS]]
        try:
            with associate(subject.peer, contexts) as assoc:
                accepted += [
                    (str(each.abstract_syntax), str(each.transfer_syntax[0]))
                    for each in assoc.accepted_contexts
                ]
        except NotPermitted as error:
            if not error.message.endswith("NO_CONTEXT_ACCEPTED"):
                raise
    return accepted


def check_find(subject: Subject) -> Step:
    """A query at study level for the test patient, in UTF-8 first and then without a character set."""
    if not subject.node.may(AERole.QUERY_SCP):
        return Step("find", Grade.SKIPPED, "NOT_THE_ROLE")
    status, count = _find(subject, subject.node.character_set or _UTF_8)
    if status == 0x0000:
        return Step("find", Grade.OK, "FOUND", {"count": count})
    again, _count = _find(subject, "")
    if again == 0x0000:
        return Step("find", Grade.WARNING, "FIND_CHARACTER_SET", {"status": _hex(status)})
    return Step("find", Grade.FAILED, "FIND_REFUSED", {"status": _hex(status)})


def _find(subject: Subject, character_set: str) -> tuple[int | None, int]:
    query = Dataset()
    if character_set:
        query.SpecificCharacterSet = character_set.split("\\")
    query.QueryRetrieveLevel, query.PatientID, query.StudyInstanceUID = "STUDY", PATIENT_ID, ""
    status, count = None, 0
    with associate(subject.peer, [build_context(_FIND)]) as assoc:
        for answer, _identifier in assoc.send_c_find(query, _FIND):
            status = answer.get("Status")
            count += status in _PENDING
            if count == _MOST_READ:  # a peer that matches everything need not be heard to its end
                assoc.abort()
                return 0x0000, count
    return status, count


def check_store(subject: Subject) -> Step:
    """The specimen, if the person wants it stored."""
    if not subject.stores:
        return Step("store", Grade.SKIPPED, "NOT_ASKED")
    made = specimen()
    contexts = [build_context(_SECONDARY_CAPTURE, [ExplicitVRLittleEndian, ImplicitVRLittleEndian])]
    started = time.monotonic()
    with associate(subject.peer, contexts) as assoc:
        made.file_meta.TransferSyntaxUID = assoc.accepted_contexts[0].transfer_syntax[0]
        status = assoc.send_c_store(made).get("Status")
    values = {"ms": round((time.monotonic() - started) * 1000, 1), "status": _hex(status)}
    more = {"sop_instance_uid": str(made.SOPInstanceUID), "study_instance_uid": str(made.StudyInstanceUID)}
    if status == 0x0000 or (status is not None and status >> 12 == 0xB):
        subject.sop_instance_uid = str(made.SOPInstanceUID)
        code, grade = ("STORED", Grade.OK) if status == 0x0000 else ("STORE_WARNED", Grade.WARNING)
        return Step("store", grade, code, values, more)
    return Step("store", Grade.FAILED, "STORE_REFUSED", values, more)


def check_commitment(subject: Subject) -> Step:
    """A request to commit to the specimen; to an object nobody has, where none was stored."""
    if not subject.node.may(AERole.COMMITMENT_SCP):
        return Step("commitment", Grade.SKIPPED, "NOT_THE_ROLE")
    reported = threading.Event()

    def take(_event: Event) -> tuple[int, None]:
        reported.set()
        return 0x0000, None

    with associate(subject.peer, [build_context(_COMMITMENT)]) as assoc:
        assoc.bind(evt.EVT_N_EVENT_REPORT, take)
        answer, _said = assoc.send_n_action(_request(subject), 1, _COMMITMENT, _COMMITMENT_INSTANCE)
        status = answer.get("Status")
        if status == 0x0000:
            reported.wait(_REPORT_WITHIN_S)
    if status != 0x0000:
        return Step("commitment", Grade.FAILED, "COMMITMENT_REFUSED", {"status": _hex(status)})
    return Step("commitment", Grade.OK, "COMMITTED" if reported.is_set() else "COMMITMENT_ACCEPTED")


def _request(subject: Subject) -> Dataset:
    """PS3.4 §J.3.2.1.1."""
    item = Dataset()
    item.ReferencedSOPClassUID = _SECONDARY_CAPTURE
    item.ReferencedSOPInstanceUID = subject.sop_instance_uid or new_uid()
    request = Dataset()
    request.TransactionUID = new_uid()
    request.ReferencedSOPSequence = [item]
    return request


def _hex(status: Any) -> str:
    return "—" if status is None else f"0x{status:04X}"
