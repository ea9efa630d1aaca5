"""Fetching studies that a node holds: it sends them to us (C-MOVE), or over the association we open (C-GET).

Reference  PS3.4 §C.4.2, §C.4.3
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

from django.conf import settings
from django.utils.translation import gettext
from pydicom.dataset import Dataset
from pydicom.uid import (
    JPEG2000,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    HTJ2KLossless,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)
from pynetdicom.presentation import build_context

from common.errors import InvalidInput
from integrations.dicom.intake import Intake
from integrations.dicom.models import ApplicationEntity
from integrations.dicom.nodes.calling import Purpose, node_association
from integrations.dicom.nodes.quirks import Quirk
from integrations.dicom.nodes.service_steps import COMMON_STORAGE
from integrations.dicom.querying import matches_at
from integrations.dicom.scu.association import accepts
from integrations.dicom.scu.find import study_query
from integrations.dicom.scu.get import STUDY_ROOT_GET, contexts_to_get, get
from integrations.dicom.scu.move import PATIENT_ROOT_MOVE, STUDY_ROOT_MOVE, Retrieved, move

_PLAIN = (str(ExplicitVRLittleEndian), str(ImplicitVRLittleEndian))
_COMPRESSED = tuple(
    str(uid)
    for uid in (
        JPEG2000Lossless, JPEGLosslessSV1, JPEGBaseline8Bit, RLELossless, JPEGLSLossless, JPEG2000,
        JPEGExtended12Bit, HTJ2KLossless, DeflatedExplicitVRLittleEndian,
    )
)  # fmt: skip


def fetch_study(node: ApplicationEntity, *, study_instance_uid: str, patient_id: str = "") -> Retrieved:
    """Have all of a study come to us from a node, in the model that the node knows.

    Raises  InvalidInput if the node refuses, or knows only Patient Root and no patient's ID is given;
            as `node_association` and `move`.
    """
    identifier = study_query(StudyInstanceUID=study_instance_uid)
    fetch = _got if Quirk.NO_CALLS in node.quirks else _moved
    return fetch(node, identifier, patient_id)


def _moved(node: ApplicationEntity, identifier: Dataset, patient_id: str) -> Retrieved:
    contexts = [build_context(STUDY_ROOT_MOVE), build_context(PATIENT_ROOT_MOVE)]
    with node_association(node, contexts, purpose=Purpose.RETRIEVE) as assoc:
        is_patient_root = not accepts(assoc, STUDY_ROOT_MOVE)
        if is_patient_root:
            _name_patient(identifier, patient_id)
        return move(assoc, identifier, destination=settings.DICOM_AE_TITLE, is_patient_root=is_patient_root)


def _got(node: ApplicationEntity, identifier: Dataset, patient_id: str) -> Retrieved:
    storage = _storage(_classes_at(node, str(identifier.StudyInstanceUID), patient_id))
    with (
        Intake(node) as intake,
        node_association(node, contexts_to_get(storage), purpose=Purpose.RETRIEVE) as assoc,
    ):
        is_patient_root = not accepts(assoc, STUDY_ROOT_GET)
        if is_patient_root:
            _name_patient(identifier, patient_id)
        largest = (settings.DICOM_LARGEST_OBJECT_MIB + 1) << 20  # intake says that it is too large
        retrieved = get(
            assoc, identifier, store=intake, largest_bytes=largest, is_patient_root=is_patient_root
        )
        if not retrieved.failed:
            intake.has_all()
    return retrieved


def _name_patient(identifier: Dataset, patient_id: str) -> None:
    """Patient Root wants the unique key of every level above (PS3.4 §C.4.2.2.1)."""
    if not patient_id:
        raise InvalidInput(
            gettext("The node knows only the Patient Root model, and asks for the patient's ID."),
            code="PATIENT_ID_NEEDED",
        )
    identifier.PatientID = patient_id


def _classes_at(node: ApplicationEntity, study_instance_uid: str, patient_id: str) -> list[str]:
    """The SOP classes a study there is made of; those in common use, where the node does not say."""
    query = study_query(StudyInstanceUID=study_instance_uid, SOPClassesInStudy="")
    if patient_id:
        query.PatientID = patient_id
    said: list[str] = []
    with contextlib.suppress(InvalidInput):  # it need not be able to tell
        for answer in matches_at(node, query):
            classes = answer.get("SOPClassesInStudy") or ()
            said += [classes] if isinstance(classes, str) else map(str, classes)
    return said or list(COMMON_STORAGE)


def _storage(sop_classes: Sequence[str]) -> Iterator[tuple[str, Sequence[str]]]:
    """A context for each class as it is usually kept, and then one for each compressed transfer syntax."""
    for sop_class in sop_classes:
        yield sop_class, _PLAIN
    for syntax in _COMPRESSED:
        for sop_class in sop_classes:
            yield sop_class, (syntax,)
