"""The instances that a C-GET or a C-MOVE names, of those its node may see."""

from __future__ import annotations

from django.conf import settings
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    PatientRootQueryRetrieveInformationModelGet,
    PatientRootQueryRetrieveInformationModelMove,
)

from archive.studies.selectors import studies_of_site
from integrations.dicom.models import ApplicationEntity
from integrations.dicom.retrieval import Wanted, wanted_instances
from integrations.dicom.scp.conversation import Conversation
from integrations.dicom.scp.identifier import query_in

_PATIENT_ROOT = (PatientRootQueryRetrieveInformationModelGet, PatientRootQueryRetrieveInformationModelMove)


def instances_named(talk: Conversation, node: ApplicationEntity) -> list[Wanted]:
    """What the identifier of the request names of the studies of the node's site.

    Raises  InvalidInput for an identifier that cannot be read, lacks its unique keys, or names too much at once.
    """
    query = query_in(
        talk.identifier,
        transfer_syntax_uid=talk.transfer_syntax_uid,
        is_patient_root=talk.context.abstract_syntax in _PATIENT_ROOT,
    )
    most = settings.DICOM_RETRIEVE_AT_MOST
    return wanted_instances(query, within=studies_of_site(node.site), at_most=most)
