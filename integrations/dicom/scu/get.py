"""Fetching what a peer holds over one association: C-GET (PS3.4 §C.4.3)."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator

from pydicom.dataset import Dataset
from pynetdicom import evt
from pynetdicom.association import Association
from pynetdicom.events import Event
from pynetdicom.presentation import PresentationContext, build_context, build_role
from pynetdicom.sop_class import StudyRootQueryRetrieveInformationModelGet  # type: ignore[attr-defined]

from integrations.dicom.scu.move import Retrieved, outcome

STUDY_ROOT_GET = str(StudyRootQueryRetrieveInformationModelGet)


def contexts_to_get(pairs: Iterable[tuple[str, str]]) -> list[PresentationContext]:
    """The contexts of a C-GET association that brings these pairs of SOP class and transfer syntax."""
    contexts = [build_context(STUDY_ROOT_GET)]
    contexts += [build_context(sop_class, syntax) for sop_class, syntax in sorted(set(pairs))]
    return contexts


def roles_to_get(contexts: Iterable[PresentationContext]) -> list[object]:
    """Role selection that makes us the Storage SCP of those contexts (PS3.7 §D.3.3.4)."""
    classes = {str(context.abstract_syntax) for context in contexts} - {STUDY_ROOT_GET}
    return [build_role(uid, scp_role=True) for uid in sorted(classes)]


def get(
    assoc: Association,
    identifier: Dataset,
    *,
    store: Callable[[Event], int],
    on_progress: Callable[[int], None] = lambda _remaining: None,
) -> Retrieved:
    """Fetch what the unique keys name; `store` takes each instance and says its C-STORE status.

    Raises  as `move`.
    """
    with _bound(assoc, store):
        return outcome(assoc.send_c_get(identifier, STUDY_ROOT_GET), on_progress)


@contextlib.contextmanager
def _bound(assoc: Association, store: Callable[[Event], int]) -> Iterator[None]:
    assoc.bind(evt.EVT_C_STORE, store)
    try:
        yield
    finally:
        assoc.unbind(evt.EVT_C_STORE, store)
