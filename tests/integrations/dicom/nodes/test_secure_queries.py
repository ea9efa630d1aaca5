"""Query, retrieve and sending over TLS: both ends are ours, and the bytes are the same."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian
from pynetdicom.presentation import build_context

from archive.storage.objects import read_object
from archive.studies.models import Instance
from common.uids import derived_uid
from integrations.dicom.models import AERole, ApplicationEntity
from integrations.dicom.nodes.calling import peer_of
from integrations.dicom.nodes.tls import server_context
from integrations.dicom.scp.server import Listener, listening_socket
from integrations.dicom.scu.association import Peer, associate
from integrations.dicom.scu.find import STUDY_ROOT_FIND, find_studies, study_query
from integrations.dicom.scu.move import STUDY_ROOT_MOVE, move
from integrations.dicom.scu.store import StorageSCU, contexts_of
from tests.archive.studies.objects import ct_slice, part10


@pytest.fixture
def secure_peer(transactional_db, cast, tls_settings, settings) -> Iterator[Peer]:
    """Our own secure port as a node of ours, that may store, query and be sent to."""
    listening = listening_socket("127.0.0.1", 0)
    listener = Listener(ae_title=settings.DICOM_AE_TITLE, secure=(listening, server_context()))
    listener.start()
    ApplicationEntity.objects.create(
        ae_title=settings.DICOM_AE_TITLE, site=cast.county, host="127.0.0.1", port=listening.getsockname()[1],
        use_tls=True, timeout_s=15,
        roles=[AERole.STORAGE_SCU, AERole.STORAGE_SCP, AERole.QUERY_SCU],
    )  # fmt: skip
    yield peer_of(ApplicationEntity.objects.get(ae_title=settings.DICOM_AE_TITLE))
    listener.stop(patience_s=5)


SLICES = 60
PAIR = str(CTImageStorage), str(ExplicitVRLittleEndian)


def send(peer, *datasets) -> list[int]:
    with associate(peer, contexts_of([PAIR])) as assoc:
        scu = StorageSCU(assoc)
        return [
            scu.send_encoded(
                data_set_of(dataset), sop_class_uid=PAIR[0], sop_instance_uid=str(dataset.SOPInstanceUID),
                transfer_syntax_uid=PAIR[1],
            )
            for dataset in datasets
        ]  # fmt: skip


def data_set_of(dataset) -> bytes:
    data = part10(dataset)
    return data[144 + int.from_bytes(data[140:144], "little") :]


def test_large_objects_are_sent_whole_through_tls(secure_peer):
    large = ct_slice(1, PixelData=bytes(3_000_000))

    assert send(secure_peer, large) == [0x0000]
    assert read_object(Instance.objects.get().storage_key).endswith(data_set_of(large))


def test_queries_are_answered_and_studies_moved_through_tls(secure_peer, cast, settings):
    send(secure_peer, *(ct_slice(number) for number in range(1, SLICES + 1)))
    contexts = [build_context(STUDY_ROOT_FIND), build_context(STUDY_ROOT_MOVE)]
    study, series = derived_uid("study"), derived_uid("study", "series")

    with associate(secure_peer, contexts) as assoc:
        images = study_query(
            level="IMAGE",
            StudyInstanceUID=study,
            SeriesInstanceUID=series,
            SOPInstanceUID="",
            InstanceNumber="",
        )
        found = list(find_studies(assoc, images))
        outcome = move(assoc, study_query(StudyInstanceUID=study), destination=settings.DICOM_AE_TITLE)

    assert {int(answer.InstanceNumber) for answer in found} == set(range(1, SLICES + 1))
    assert (outcome.status, outcome.completed) == (0x0000, SLICES)
