"""Fetching what a peer holds over one association: C-GET (PS3.4 §C.4.3)."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence

from pydicom.dataset import Dataset
from pynetdicom import evt
from pynetdicom.association import Association
from pynetdicom.events import Event
from pynetdicom.presentation import PresentationContext, build_context
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    PatientRootQueryRetrieveInformationModelGet,
    StudyRootQueryRetrieveInformationModelGet,
)

from integrations.dicom.scu.association import MAXIMUM_CONTEXTS
from integrations.dicom.scu.move import Retrieved, outcome
from integrations.dicom.scu.spooling import spooled

STUDY_ROOT_GET = str(StudyRootQueryRetrieveInformationModelGet)
PATIENT_ROOT_GET = str(PatientRootQueryRetrieveInformationModelGet)


def contexts_to_get(storage: Iterable[tuple[str, Sequence[str]]]) -> list[PresentationContext]:
    """The contexts of an association that fetches: C-GET in both models, and us as SCP of storage.

    `storage` has a SOP class and the transfer syntaxes of one context each; what one association cannot
    propose is left out from the end (PS3.8 §9.3.2.2).
    """
    contexts = [build_context(STUDY_ROOT_GET), build_context(PATIENT_ROOT_GET)]
    for sop_class, syntaxes in list(storage)[: MAXIMUM_CONTEXTS - len(contexts)]:
        context = build_context(sop_class, list(syntaxes))
        context.scu_role, context.scp_role = False, True
        contexts.append(context)
    return contexts


def get(
    assoc: Association,
    identifier: Dataset,
    *,
    store: Callable[[Event], int],
    largest_bytes: int = 1 << 32,
    is_patient_root: bool = False,
    on_progress: Callable[[int], None] = lambda _remaining: None,
) -> Retrieved:
    """Fetch what the unique keys name; `store` takes each instance and says its C-STORE status.

    Large instances are in files while they come (`SpooledDataSet`), and none is kept beyond `largest_bytes`.

    Raises  as `move`.
    """
    model = PATIENT_ROOT_GET if is_patient_root else STUDY_ROOT_GET
    with _bound(assoc, store), spooled(assoc, largest_bytes=largest_bytes):
        return outcome(assoc.send_c_get(identifier, model), on_progress)


@contextlib.contextmanager
def _bound(assoc: Association, store: Callable[[Event], int]) -> Iterator[None]:
    assoc.bind(evt.EVT_C_STORE, store)
    try:
        yield
    finally:
        assoc.unbind(evt.EVT_C_STORE, store)
