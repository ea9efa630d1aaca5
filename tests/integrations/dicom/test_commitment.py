"""Storage commitment both ways: on the association that asked, on another one, and what cannot be committed."""

from __future__ import annotations

import shutil
import threading

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import CTImageStorage, MRImageStorage
from pynetdicom import AE, evt
from pynetdicom.presentation import build_context

from accounts.actors import SystemActor
from accounts.models import AuditEvent
from archive.studies.corrections.reasons import ReasonCode
from archive.studies.corrections.withdrawal import withdraw_instances
from archive.studies.models import Instance, Series, SeriesEvidence
from archive.studies.services import store_part10
from common import clock
from common.errors import NotFound
from common.uids import derived_uid, new_uid
from integrations.dicom.commitment import exchange, messages, services
from integrations.dicom.commitment.messages import SOP_CLASS, WELL_KNOWN_INSTANCE
from integrations.dicom.models import AERole, ApplicationEntity, Commitment, Notice
from integrations.dicom.notices import delivery
from integrations.dicom.scu.association import associate
from tests.archive.studies.objects import ct_slice, part10
from tests.integrations.dicom.performed_steps import references
from tests.integrations.dicom.serving import serve
from tests.waiting import wait_until

CT = SystemActor("dicom:COUNTY_CT1", "county")
IMAGES = [derived_uid("study", "series", number) for number in (1, 2, 3)]
TRANSACTION = "1.2.840.99.1"


@pytest.fixture
def stored(modality, cast):
    for number in (1, 2, 3):
        store_part10(part10(ct_slice(number)), site=cast.county, actor=CT, calling_ae_title="COUNTY_CT1")


def request(*uids, transaction=TRANSACTION):
    said = Dataset()
    said.TransactionUID = transaction
    said.ReferencedSOPSequence = references(*uids)
    return said


def all_delivered():
    """Whether every result was taken and said to be: before, the requestor must not release."""
    return not Notice.objects.filter(delivered_at=None).exists()


def without_transaction():
    said = request(*IMAGES)
    del said.TransactionUID
    return said


def ask(assoc, said, *, action=1, instance=WELL_KNOWN_INSTANCE):
    status, _ = assoc.send_n_action(said, action, SOP_CLASS, instance)
    return status.get("Status")


class Reports:
    """The reports a modality gets, on whatever association."""

    def __init__(self, answer: int = 0x0000) -> None:
        self.got: list[tuple[int, Dataset]] = []
        self.arrived = threading.Event()
        self.answer = answer

    def take(self, event):
        self.got.append((event.event_type, event.event_information))
        self.arrived.set()
        return self.answer, None


@pytest.fixture
def reports():
    return Reports()


@pytest.fixture
def listening_modality(modality, reports):
    """The modality's own listener, where results come that it did not wait for."""
    ae = AE("COUNTY_CT1")
    ae.add_supported_context(SOP_CLASS, scu_role=True, scp_role=True)
    server, port = serve(ae, [(evt.EVT_N_EVENT_REPORT, reports.take)])
    modality.host, modality.port = "127.0.0.1", port
    modality.save()
    yield modality
    server.shutdown()


def test_a_requestor_that_waits_gets_the_result_on_its_association(peer, stored, reports):
    with associate(peer, [build_context(SOP_CLASS)]) as assoc:
        assoc.bind(evt.EVT_N_EVENT_REPORT, reports.take)
        assert ask(assoc, request(*IMAGES)) == 0x0000
        assert reports.arrived.wait(10)
        wait_until(all_delivered)

    ((event_type, said),) = reports.got
    assert (event_type, said.TransactionUID) == (1, TRANSACTION)
    assert [item.ReferencedSOPInstanceUID for item in said.ReferencedSOPSequence] == IMAGES
    assert "FailedSOPSequence" not in said
    commitment = Commitment.objects.get()
    assert (commitment.direction, commitment.state, commitment.failures) == ("ours", "committed", [])


def test_requests_that_come_while_a_result_is_on_its_way_are_served(peer, stored, reports):
    second = request(IMAGES[0], transaction="1.2.840.99.2")
    with associate(peer, [build_context(SOP_CLASS)]) as assoc:
        assoc.bind(evt.EVT_N_EVENT_REPORT, reports.take)
        ask(assoc, request(*IMAGES))
        ask(assoc, second)
        wait_until(lambda: len(reports.got) == 2)
        wait_until(all_delivered)

    assert {said.TransactionUID for _, said in reports.got} == {TRANSACTION, "1.2.840.99.2"}


def test_a_requestor_that_released_gets_the_result_on_an_association_of_ours(
    peer, stored, listening_modality, reports, monkeypatch
):
    with associate(peer, [build_context(SOP_CLASS)]) as assoc:
        ask(assoc, request(*IMAGES))
    delivery.deliver_due()
    assert not reports.got, "first it is seen whether the requestor stays"
    Notice.objects.update(next_attempt_at=Notice.objects.get().queued_at)

    delivery.deliver_due()
    delivery.deliver_due()

    assert [event_type for event_type, _ in reports.got] == [1]
    assert Notice.objects.get().delivered_at is not None


def test_what_is_not_kept_is_listed_with_its_reason(peer, stored, reports):
    withdraw_instances(sop_instance_uids=[IMAGES[0]], reason=ReasonCode.QUALITY, actor=CT)
    damaged = Instance.objects.get(sop_instance_uid=IMAGES[1])
    Instance.objects.filter(pk=damaged.pk).update(size_bytes=damaged.size_bytes + 1)
    said = request(IMAGES[0], IMAGES[1], "1.2.3.4", IMAGES[2])
    said.ReferencedSOPSequence[3].ReferencedSOPClassUID = MRImageStorage

    with associate(peer, [build_context(SOP_CLASS)]) as assoc:
        assoc.bind(evt.EVT_N_EVENT_REPORT, reports.take)
        ask(assoc, said)
        assert reports.arrived.wait(10)
        wait_until(all_delivered)

    ((event_type, result),) = reports.got
    assert event_type == 2
    assert "ReferencedSOPSequence" not in result
    failed = {item.ReferencedSOPInstanceUID: item.FailureReason for item in result.FailedSOPSequence}
    assert failed == {IMAGES[0]: 0x0112, IMAGES[1]: 0x0110, "1.2.3.4": 0x0112, IMAGES[2]: 0x0119}


def test_bytes_that_are_gone_are_not_committed(stored, modality, own_storage):
    shutil.rmtree(own_storage)
    commitment = Commitment.objects.create(
        node=modality, direction="ours", transaction_uid="1.2", references=[[CTImageStorage, IMAGES[0]]],
        asked_at=clock.now(), trace_id="6f9619ff-8b86-d011-b42d-00cf4fc964ff",
    )  # fmt: skip

    assert services.verified(commitment) == [(CTImageStorage, IMAGES[0], 0x0110)]


def test_what_another_site_sent_looks_absent(stored, modality, cast):
    modality.site, modality.ae_title = cast.elsewhere, "OTHER_CT"
    modality.save()
    commitment = Commitment.objects.create(
        node=modality, direction="ours", transaction_uid="1.2", references=[[CTImageStorage, IMAGES[0]]],
        asked_at=clock.now(), trace_id="6f9619ff-8b86-d011-b42d-00cf4fc964ff",
    )  # fmt: skip

    assert services.verified(commitment) == [(CTImageStorage, IMAGES[0], 0x0112)]


@pytest.mark.parametrize(
    ("said", "how", "status"),
    [
        (request(*IMAGES), {"action": 2}, 0x0123),
        (request(*IMAGES), {"instance": "1.2.3"}, 0x0112),
        (request(), {}, 0x0115),
        (request(*IMAGES, transaction=""), {}, 0x0115),
        (without_transaction(), {}, 0x0115),
        (request("no uid"), {}, 0x0115),
    ],
    ids=[
        "another action",
        "another instance",
        "no reference",
        "empty transaction",
        "no transaction",
        "no uid",
    ],
)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_requests_that_cannot_be_meant_are_refused(peer, said, how, status):
    with associate(peer, [build_context(SOP_CLASS)]) as assoc:
        assert ask(assoc, said, **how) == status

    assert not Commitment.objects.exists()


def test_the_same_request_again_is_one_request_and_another_under_its_uid_is_refused(peer, stored):
    with associate(peer, [build_context(SOP_CLASS)]) as assoc:
        assert ask(assoc, request(*IMAGES)) == 0x0000
        assert ask(assoc, request(*IMAGES)) == 0x0000
        assert ask(assoc, request(IMAGES[0])) == 0x0110  # PS3.7 §10.1.4.1.10 knows no duplicate instance

    assert Commitment.objects.count() == Notice.objects.count() == 1


def test_a_node_without_the_role_may_not_ask(peer, stored, modality):
    modality.roles = [AERole.STORAGE_SCU]
    modality.save()

    with associate(peer, [build_context(SOP_CLASS)]) as assoc:
        assert ask(assoc, request(*IMAGES)) == 0x0124


def test_a_request_says_what_the_series_holds(peer, stored):
    with associate(peer, [build_context(SOP_CLASS)]) as assoc:
        ask(assoc, request(*IMAGES, "1.2.3.4"))

    said = SeriesEvidence.objects.get()
    assert said.series_instance_uid == Series.objects.get().series_instance_uid
    assert set(said.instance_uids) == {*IMAGES, "1.2.3.4"}


def test_a_result_nobody_takes_is_tried_again_and_becomes_a_dead_letter(peer, stored, modality, clock):
    with associate(peer, [build_context(SOP_CLASS)]) as assoc:
        ask(assoc, request(*IMAGES))
    modality.host, modality.port = "127.0.0.1", 1
    modality.save()
    clock.advance(services.ELSEWHERE_AFTER)
    delivery.deliver_due()
    assert Notice.objects.get().error_code == "NODE_UNREACHABLE"

    clock.advance(delivery.GIVEN_UP_AFTER)
    delivery.deliver_due()

    dead = Notice.objects.get()
    assert dead.failed_at is not None
    delivery.resend_notice(dead, actor=CT)
    assert Notice.objects.get().failed_at is None
    assert AuditEvent.objects.filter(action="notice.resent").exists()


@pytest.fixture
def vault(cast, peer):
    """A node that commits: on the same association, on another, or not at all."""

    class Vault:
        on_the_same = True
        failures: tuple[str, ...] = ()
        node: ApplicationEntity

        def act(self, event):
            self.asked = event.action_information
            if self.on_the_same:
                threading.Timer(0.2, self.report, [event.assoc]).start()
            return 0x0000, None

        def result(self):
            uids = [item.ReferencedSOPInstanceUID for item in self.asked.ReferencedSOPSequence]
            return messages.result(
                self.asked.TransactionUID,
                [(CTImageStorage, uid) for uid in uids],
                [(CTImageStorage, uid, 0x0213) for uid in self.failures],
            )

        def report(self, assoc):
            event_type, said = self.result()
            answer, _ = assoc.send_n_event_report(said, event_type, SOP_CLASS, WELL_KNOWN_INSTANCE)
            self.status = answer.Status

    vault = Vault()
    ae = AE("VAULT")
    ae.add_supported_context(SOP_CLASS, scu_role=True, scp_role=True)
    server, port = serve(ae, [(evt.EVT_N_ACTION, vault.act)])
    vault.node = ApplicationEntity.objects.create(
        ae_title="VAULT", site=cast.county, roles=[AERole.COMMITMENT_SCP], host="127.0.0.1",
        port=port,
    )  # fmt: skip
    yield vault
    server.shutdown()


def test_a_node_answers_our_request_on_the_same_association(vault, stored, monkeypatch):
    monkeypatch.setattr(exchange, "ANSWER_AWAITED_S", 60.0)  # a busy machine is not a node that keeps silent
    commitment = services.ask_commitment(vault.node, IMAGES, actor=CT)

    delivery.deliver_due()

    commitment.refresh_from_db()
    assert (commitment.state, commitment.direction) == ("committed", "theirs")
    assert AuditEvent.objects.get(action="commitment.answered").detail["failed"] == 0


def test_a_node_answers_our_request_on_an_association_of_its_own(vault, stored, peer, monkeypatch):
    vault.on_the_same, vault.failures = False, (IMAGES[1],)
    monkeypatch.setattr(exchange, "ANSWER_AWAITED_S", 0.0)
    commitment = services.ask_commitment(vault.node, IMAGES, actor=CT)
    delivery.deliver_due()

    context = build_context(SOP_CLASS)
    context.scu_role, context.scp_role = False, True
    own = peer.__class__(peer.host, peer.port, peer.called_ae_title, "VAULT")
    with associate(own, [context]) as assoc:
        vault.report(assoc)

    assert vault.status == 0x0000
    commitment.refresh_from_db()
    assert commitment.state == "partly"
    assert commitment.failures == [[CTImageStorage, IMAGES[1], 0x0213]]


def test_an_answer_to_what_we_never_asked_is_refused(vault, stored, peer):
    vault.asked = request(*IMAGES, transaction=new_uid())
    own = peer.__class__(peer.host, peer.port, peer.called_ae_title, "VAULT")
    with associate(own, [build_context(SOP_CLASS)]) as assoc:
        vault.report(assoc)

    assert vault.status == 0x0112


def test_a_request_no_node_answers_is_given_up_in_sight(vault, stored, clock):
    services.ask_commitment(vault.node, IMAGES, actor=CT)

    clock.advance(services.ANSWERED_WITHIN * 2)

    assert services.give_up_unanswered() == 1
    assert Commitment.objects.get().state == "failed"


def test_nothing_is_asked_for_what_is_not_here(vault):
    with pytest.raises(NotFound):
        services.ask_commitment(vault.node, ["1.2.3"], actor=CT)
