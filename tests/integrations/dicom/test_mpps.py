"""Performed procedure steps over a real socket, pynetdicom as the modality: what is answered and what follows."""

from __future__ import annotations

import datetime as dt

import pytest
from pydicom.dataset import Dataset
from pynetdicom import AE, evt
from pynetdicom.presentation import build_context
from pynetdicom.sop_class import ModalityPerformedProcedureStep  # type: ignore[attr-defined]

from accounts.models import AuditEvent
from archive.orders.models import Order, PerformedProcedureStep
from archive.studies.models import SeriesEvidence
from common.uids import derived_uid
from events.services import subscribe
from integrations.dicom.models import AERole, ApplicationEntity
from integrations.dicom.notices import delivery
from integrations.dicom.notices.models import Notice
from integrations.dicom.scu.association import associate
from tests.archive.orders.orders import place_order
from tests.bulletins import deliveries
from tests.integrations.dicom.performed_steps import series_item, step_ended, step_started
from tests.integrations.dicom.serving import serve

MPPS = ModalityPerformedProcedureStep
STEP = derived_uid("performed", "1")
SERIES = derived_uid("study", "series")
IMAGES = [derived_uid("study", "series", number) for number in range(1, 5)]


@pytest.fixture
def modality_link(peer):
    with associate(peer, [build_context(MPPS)]) as assoc:
        yield assoc


def create(assoc, said=None, uid=STEP):
    return assoc.send_n_create(said or step_started(), MPPS, uid)


def test_a_step_takes_the_order_through_its_states(modality_link, cast):
    order = place_order(cast)

    status, _ = create(modality_link, step_started(order))

    assert status.Status == 0x0000
    order.refresh_from_db()
    assert (order.status, order.steps.get().status) == (Order.Status.IN_PROGRESS, "STARTED")
    step = PerformedProcedureStep.objects.get()
    assert (step.order, step.steps.get(), step.status) == (order, order.steps.get(), "IN PROGRESS")
    assert step.match_reason == "study UID of the order"

    said = step_ended(series=[series_item(SERIES, *IMAGES)])
    status, _ = modality_link.send_n_set(said, MPPS, STEP)

    assert status.Status == 0x0000
    order.refresh_from_db()
    step.refresh_from_db()
    assert (order.status, order.steps.get().status) == (Order.Status.PERFORMED, "COMPLETED")
    assert step.ended_at is not None
    assert step.ended_at - step.started_at == dt.timedelta(minutes=15)
    assert step.series[0]["instance_uids"] == IMAGES


def test_a_discontinued_step_discontinues_the_order_and_says_why(modality_link, cast):
    order = place_order(cast)
    create(modality_link, step_started(order))
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "110514", "DCM", "Wrong worklist entry"

    said = step_ended("DISCONTINUED", PerformedProcedureStepDiscontinuationReasonCodeSequence=[code])
    status, _ = modality_link.send_n_set(said, MPPS, STEP)

    assert status.Status == 0x0000
    order.refresh_from_db()
    assert (order.status, order.steps.get().status) == (Order.Status.DISCONTINUED, "DISCONTINUED")
    assert PerformedProcedureStep.objects.get().discontinuation_code == "110514"


def test_a_step_nobody_scheduled_is_kept(modality_link):
    status, _ = create(modality_link)

    assert status.Status == 0x0000
    step = PerformedProcedureStep.objects.get()
    assert (step.order, step.steps.count()) == (None, 0)
    assert step.match_reason == "no order with this study UID or accession number"
    assert AuditEvent.objects.get(action="performed_step.in_progress").detail["scheduled"] == 0


def test_the_same_step_again_is_a_duplicate(modality_link):
    create(modality_link)

    status, _ = create(modality_link)

    assert status.Status == 0x0111
    assert PerformedProcedureStep.objects.count() == 1


@pytest.mark.parametrize("final", ["COMPLETED", "DISCONTINUED"])
def test_a_step_that_has_ended_may_no_longer_be_updated(modality_link, final):
    create(modality_link)
    said = step_ended(final, series=[series_item(SERIES, *IMAGES)])
    assert modality_link.send_n_set(said, MPPS, STEP)[0].Status == 0x0000

    status, _ = modality_link.send_n_set(said, MPPS, STEP)

    assert (status.Status, status.ErrorID) == (0x0110, 0xA710)
    assert status.ErrorComment.startswith("The performed step has ended")


def test_a_step_nobody_created_cannot_be_changed(modality_link):
    status, _ = modality_link.send_n_set(step_ended(), MPPS, STEP)

    assert status.Status == 0x0112


@pytest.mark.parametrize(
    ("elements", "answer", "named"),
    [
        ({"PerformedProcedureStepID": None}, 0x0120, "PerformedProcedureStepID"),
        ({"ScheduledStepAttributesSequence": None}, 0x0120, "ScheduledStepAttributesSequence"),
        ({"ScheduledStepAttributesSequence": []}, 0x0121, "ScheduledStepAttributesSequence"),
        ({"PerformedStationAETitle": ""}, 0x0121, "PerformedStationAETitle"),
        ({"Modality": None}, 0x0120, "Modality"),
        ({"PerformedProcedureStepStatus": "COMPLETED"}, 0x0106, "PerformedProcedureStepStatus"),
        ({"PerformedProcedureStepStatus": "DANCING"}, 0x0106, "PerformedProcedureStepStatus"),
        ({"PerformedProcedureStepStartDate": "20269999"}, 0x0106, "PerformedProcedureStepStartDate"),
        ({"ScheduledStepAttributesSequence": [Dataset()]}, 0x0120, "StudyInstanceUID"),
        ({"PerformedSeriesSequence": [series_item("../../etc/passwd")]}, 0x0106, "SeriesInstanceUID"),
        ({"PerformedSeriesSequence": [series_item(SERIES, "no uid")]}, 0x0106, "ReferencedSOPInstanceUID"),
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_what_is_missing_or_wrong_is_named(modality_link, elements, answer, named):
    status, _ = create(modality_link, step_started(**elements))

    assert status.Status == answer
    assert named in status.ErrorComment
    assert not PerformedProcedureStep.objects.exists()


@pytest.mark.parametrize(
    ("changes", "answer"),
    [
        (step_ended(series=[]), 0x0121),
        (step_ended(series=[series_item(SERIES)], PerformedProcedureStepEndDate=""), 0x0121),
        (step_ended(series=[series_item(SERIES)], PerformedProcedureStepID="OTHER"), 0x0106),
        (step_ended(series=[series_item(SERIES)], PatientID="P2"), 0x0106),
    ],
    ids=["no series", "no end", "another step", "another patient"],
)
def test_an_end_that_lacks_something_leaves_the_step_as_it_was(modality_link, changes, answer):
    create(modality_link)

    status, _ = modality_link.send_n_set(changes, MPPS, STEP)

    assert status.Status == answer
    step = PerformedProcedureStep.objects.get()
    assert (step.status, step.performed_procedure_step_id) == ("IN PROGRESS", "PPS1")


def test_a_step_without_a_uid_is_given_one(modality_link):
    status, _ = create(modality_link, uid=None)

    assert status.Status == 0x0000
    assert PerformedProcedureStep.objects.get().sop_instance_uid.startswith("2.25.")


def test_retrieving_a_step_is_refused_by_name(modality_link):
    create(modality_link)

    status, _ = modality_link.send_n_get([0x00400252], MPPS, STEP)

    assert status.Status == 0x0211


def test_a_node_without_the_role_is_refused(modality_link, modality):
    modality.roles = [AERole.STORAGE_SCU]
    modality.save()

    assert create(modality_link)[0].Status == 0x0124


def test_another_sites_step_is_not_there(modality_link, modality, cast):
    create(modality_link)
    modality.site = cast.elsewhere
    modality.save()

    said = step_ended(series=[series_item(SERIES, *IMAGES)])
    assert modality_link.send_n_set(said, MPPS, STEP)[0].Status == 0x0112


def test_what_a_step_made_is_kept_as_evidence(modality_link):
    create(modality_link)
    modality_link.send_n_set(step_ended(series=[series_item(SERIES, *IMAGES)]), MPPS, STEP)

    said = SeriesEvidence.objects.get()
    assert (said.kind, said.reference, said.said_by) == ("mpps", STEP, "COUNTY_CT1")
    assert (said.series_instance_uid, said.is_final) == (SERIES, True)
    assert said.instance_uids == sorted(IMAGES)


def test_the_news_and_the_trail_name_no_patient(modality_link):
    subscribe("ProcedureStepStarted", subscriber="tests.mpps", handler=lambda _event: None)

    create(modality_link)

    told = str(deliveries(subscriber="tests.mpps").get().payload)
    told += str(list(AuditEvent.objects.filter(object_kind="performed_step").values()))
    assert "Li" not in told
    assert "P1" not in told


def test_garbage_instead_of_attributes_is_answered_and_the_association_goes_on(modality_link, monkeypatch):
    garbage = b"\x08\x00\x05\x00CS\xff\xff" + b"\xfe" * 64
    monkeypatch.setattr("pynetdicom.association.encode", lambda *_: garbage)
    status, _ = create(modality_link)
    monkeypatch.undo()

    assert status.Status in {0x0106, 0x0110, 0x0120}
    assert create(modality_link)[0].Status == 0x0000


@pytest.fixture
def ris(cast):
    """A node that is told of performed steps, and everything it was told."""
    told: list[tuple[str, str, Dataset]] = []

    def on_create(event):
        told.append(("create", str(event.request.AffectedSOPInstanceUID), event.attribute_list))
        return 0x0000, None

    def on_set(event):
        told.append(("set", str(event.request.RequestedSOPInstanceUID), event.modification_list))
        return 0x0000, None

    ae = AE("RIS")
    ae.add_supported_context(MPPS)
    server, port = serve(ae, [(evt.EVT_N_CREATE, on_create), (evt.EVT_N_SET, on_set)])
    ApplicationEntity.objects.create(
        ae_title="RIS", site=cast.county, roles=[AERole.MPPS_SCP], host="127.0.0.1",
        port=port,
    )  # fmt: skip
    yield told
    server.shutdown()


def test_steps_are_passed_on_in_order_and_once(modality_link, ris):
    create(modality_link)
    modality_link.send_n_set(step_ended(series=[series_item(SERIES, *IMAGES)]), MPPS, STEP)

    delivery.deliver_due()
    delivery.deliver_due()

    assert [(kind, uid) for kind, uid, _ in ris] == [("create", STEP), ("set", STEP)]
    assert ris[0][2].PatientName == "Li^Hua"
    assert ris[1][2].PerformedProcedureStepStatus == "COMPLETED"
    assert not Notice.objects.filter(delivered_at=None).exists()


def test_a_node_that_is_down_is_told_later(modality_link, ris, cast):
    port = ApplicationEntity.objects.get(ae_title="RIS").port
    ApplicationEntity.objects.filter(ae_title="RIS").update(port=1)
    create(modality_link)

    delivery.deliver_due()

    waiting = Notice.objects.get()
    assert (waiting.attempts, waiting.error_code) == (1, "NODE_UNREACHABLE")
    ApplicationEntity.objects.filter(ae_title="RIS").update(port=port)
    Notice.objects.update(next_attempt_at=waiting.queued_at)
    delivery.deliver_due()
    assert [kind for kind, _, _ in ris] == ["create"]
