"""Results of storage commitment that cross our release of the association we asked on.

Reference  PS3.8 §7.2.2 (after A-RELEASE-RQ its sender may still be told things, and says nothing), PS3.4 §J.3.3
"""

from __future__ import annotations

import threading
from io import BytesIO

import pytest
from pynetdicom import AE, evt
from pynetdicom.dimse_messages import N_EVENT_REPORT_RQ
from pynetdicom.dimse_primitives import N_EVENT_REPORT
from pynetdicom.dsutils import encode
from pynetdicom.pdu import A_RELEASE_RQ, P_DATA_TF

from accounts.actors import SystemActor
from archive.studies.services import store_part10
from common.uids import derived_uid
from integrations.dicom.commitment import exchange, messages, services
from integrations.dicom.models import AERole, ApplicationEntity, Notice
from integrations.dicom.notices import delivery
from integrations.dicom.scu import normalised
from tests.archive.studies.objects import ct_slice, part10
from tests.integrations.dicom.serving import serve
from tests.waiting import wait_until

CT = SystemActor("dicom:COUNTY_CT1", "county")
IMAGE = derived_uid("study", "series", 1)


class Node:
    """Commits to what it is asked, and puts its report on the wire at the moment it was told to choose."""

    def __init__(self) -> None:
        self.reports_with_its_consent = False
        self.reports_at_the_release = False
        self.transaction_uid = ""
        self.heard: list[str] = []
        self.released = threading.Event()

    def consent(self, event: evt.Event) -> tuple[int, None]:
        self.asked = event.action_information
        if self.reports_with_its_consent:
            self._report(event.assoc)
        return 0x0000, None

    def notice(self, event: evt.Event) -> None:
        if isinstance(event.pdu, A_RELEASE_RQ):
            self.heard.append("release")
            if self.reports_at_the_release:
                self._report(event.assoc)
            self.released.set()

    def note_answer(self, event: evt.Event) -> None:
        status = event.message.command_set.get("Status")
        if status is not None:
            self.heard.append(f"answer 0x{status:04X}")

    def _report(self, assoc) -> None:
        """Straight into the socket: before whatever pynetdicom sends next."""
        transaction_uid = self.transaction_uid or self.asked.TransactionUID
        pairs = [
            (item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID)
            for item in self.asked.ReferencedSOPSequence
        ]
        event_type, said = messages.result(transaction_uid, pairs, [])
        context = assoc.accepted_contexts[0]
        request = N_EVENT_REPORT()
        request.MessageID = 1
        request.AffectedSOPClassUID = messages.SOP_CLASS
        request.AffectedSOPInstanceUID = messages.WELL_KNOWN_INSTANCE
        request.EventTypeID = event_type
        syntax = context.transfer_syntax[0]
        request.EventInformation = BytesIO(
            encode(said, syntax.is_implicit_VR, syntax.is_little_endian) or b""
        )
        message = N_EVENT_REPORT_RQ()
        message.primitive_to_message(request)
        message.context_id = context.context_id
        for part in message.encode_msg(context.context_id, 16384):
            assoc.dul.socket.send(P_DATA_TF(part).encode())


@pytest.fixture
def node():
    return Node()


@pytest.fixture
def commitment(node, modality, cast, peer, monkeypatch):
    """What we ask the node for; we leave the moment it has consented."""
    monkeypatch.setattr(exchange, "ANSWER_AWAITED_S", 0.0)
    store_part10(part10(ct_slice(1)), site=cast.county, actor=CT, calling_ae_title="COUNTY_CT1")
    ae = AE("VAULT")
    ae.add_supported_context(messages.SOP_CLASS, scu_role=True, scp_role=True)
    handlers = [
        (evt.EVT_N_ACTION, node.consent), (evt.EVT_PDU_RECV, node.notice),
        (evt.EVT_DIMSE_RECV, node.note_answer),
    ]  # fmt: skip
    server, port = serve(ae, handlers)
    vault = ApplicationEntity.objects.create(
        ae_title="VAULT", site=cast.county, roles=[AERole.COMMITMENT_SCP], host="127.0.0.1", port=port
    )
    yield services.ask_commitment(vault, [IMAGE], actor=CT)
    server.shutdown()


@pytest.fixture
def defects(monkeypatch):
    """What threads died of."""
    died: list[threading.ExceptHookArgs] = []
    monkeypatch.setattr(threading, "excepthook", died.append)
    return died


def state_of(commitment):
    commitment.refresh_from_db()
    return commitment.state


def test_a_report_that_comes_when_the_node_is_asked_to_release_is_kept(node, commitment, defects):
    node.reports_at_the_release = True

    delivery.deliver_due()

    wait_until(lambda: state_of(commitment) == "committed")
    assert Notice.objects.get().delivered_at is not None
    assert node.heard == ["release"], "who has asked for the release says nothing more"
    assert not defects


def test_a_report_being_kept_is_answered_before_we_release(node, commitment, defects, monkeypatch):
    node.reports_with_its_consent = True
    begun = threading.Event()

    def recorded_at_leisure(*said, **more):
        begun.set()
        assert not node.released.wait(0.5)
        services.record_result(*said, **more)

    def consented_with_the_report_in_hand(*said, **more):
        normalised.n_action(*said, **more)
        assert begun.wait(20)

    monkeypatch.setattr(exchange, "record_result", recorded_at_leisure)
    monkeypatch.setattr(exchange, "n_action", consented_with_the_report_in_hand)

    delivery.deliver_due()

    assert state_of(commitment) == "committed"
    assert node.heard == ["answer 0x0000", "release"]
    assert not defects


@pytest.mark.parametrize("at_the_release", [False, True], ids=["answered", "crossing the release"])
def test_a_report_of_what_we_never_asked_changes_nothing(node, commitment, defects, at_the_release):
    node.reports_at_the_release, node.reports_with_its_consent = at_the_release, not at_the_release
    node.transaction_uid = "1.2.840.99.404"

    delivery.deliver_due()

    assert node.released.wait(20)
    assert state_of(commitment) == "asked"
    assert set(node.heard) <= {"answer 0x0112", "release"}
    assert not defects


def test_a_report_that_cannot_be_kept_now_is_no_exception_of_a_thread(node, commitment, defects, monkeypatch):
    node.reports_at_the_release, tried = True, threading.Event()

    def without_a_database(*_said: object, **_more: object) -> None:
        tried.set()
        raise ConnectionError

    monkeypatch.setattr(exchange, "record_result", without_a_database)

    delivery.deliver_due()

    assert tried.wait(20)
    assert state_of(commitment) == "asked"
    assert not defects
