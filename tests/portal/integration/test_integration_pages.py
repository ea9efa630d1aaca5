"""Messages, refused objects, failed deliveries and incidents: for those who look after them, and nobody else."""

from __future__ import annotations

import uuid

import pytest
from django.utils import translation

from accounts.models import AuditEvent
from archive.studies.services import reject_object
from common import clock
from common.errors import InvalidInput
from events.models import Delivery
from integrations.hl7.models import MessageLog
from portal.integration.segments import message_view
from tests.archive.orders.orders import place_order
from tests.portal.cases_in_work import make_case
from tests.portal.stored_images import MODALITY
from workflows.engine.faults import fault_of
from workflows.expressions import ExpressionError, evaluate
from workflows.models import Incident
from workflows.stepping import open_incident

RAW = b"MSH|^~\\&|HIS|COUNTY|||20260302||OMI^O23|M1|P|2.5.1\rPID|1||C-1^^^COUNTY||Zhang^Wei\r"


@pytest.fixture
def message(cast) -> MessageLog:
    return MessageLog.objects.create(
        direction="inbound", site=cast.provincial, control_id="M1", message_type="OMI^O23", digest="0" * 64,
        raw=RAW, answer=b"MSH|^~\\&|||||20260302||ACK|A1|P|2.5.1\rMSA|AE|M1\r", received_at=clock.now(),
        status="rejected", ack_code="AE", error_text="Required field missing.", error_location="PID-3",
        trace_id=uuid.uuid4(),
    )  # fmt: skip


@pytest.fixture
def incident(cast) -> Incident:
    return Incident.objects.create(
        instance=make_case(place_order(cast, service="imaging")), element_id="SendReport", code="STEP_OVERDUE",
        message="hl7.send_report has not answered in time", opened_at=clock.now(),
    )  # fmt: skip


@pytest.fixture
def ivo(cast, client):
    client.force_login(cast.ivo)
    return client


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("/messages/", "No messages yet."),
        ("/rejected-objects/", "No object was refused."),
        ("/deliveries/", "Every event was delivered."),
        ("/incidents/", "No case stands still."),
    ],
)
def test_an_empty_list_says_so(ivo, page, words):
    assert words in ivo.get(page).content.decode()


def test_list_tells_how_a_message_was_answered_without_showing_its_content(ivo, message):
    page = ivo.get("/messages/").content.decode()

    assert "Required field missing." in page
    assert "Zhang" not in page


@pytest.mark.parametrize(
    ("query", "is_found"),
    [("direction=inbound", True), ("direction=outbound", False), ("status=rejected", True), ("control_id=M2", False)],
)  # fmt: skip
def test_messages_are_narrowed_by_the_address(ivo, message, query, is_found):
    assert (str(message.uid) in ivo.get(f"/messages/?{query}").content.decode()) is is_found


def test_message_opens_by_segments_and_leaves_its_line_in_the_trail(ivo, cast, message):
    page = ivo.get(f"/messages/{message.uid}/").content.decode()

    assert "PID-5" in page
    assert "Zhang^Wei" in page
    assert "MSA-1" in page
    assert AuditEvent.objects.get(action="message.opened").person == cast.ivo


def test_those_who_do_not_look_after_messages_find_no_such_pages(cast, client, message, incident):
    for person in (cast.rosa, cast.otto, cast.theo):
        client.force_login(person)
        for page in ("/messages/", f"/messages/{message.uid}/", "/rejected-objects/", "/deliveries/"):
            assert client.get(page).status_code == 404, (person.username, page)
    assert client.get(f"/incidents/{incident.pk}/").status_code == 404


def test_unreadable_message_is_shown_with_what_is_wrong():
    view = message_view(b"GARBAGE|1|2")

    assert view.problem == "The message does not begin with an MSH segment."
    assert view.raw_text == "GARBAGE|1|2"


def test_refused_object_is_shown_with_its_reason(ivo, cast):
    row = reject_object(
        InvalidInput("The object ends inside an element.", code="TRUNCATED"), site=cast.provincial,
        calling_ae_title="CT1", sop_instance_uid="1.2.3", actor=MODALITY,
    )  # fmt: skip

    assert "The object ends inside an element." in ivo.get("/rejected-objects/").content.decode()
    assert (
        "None: nothing of the object could be kept."
        in ivo.get(f"/rejected-objects/{row.pk}/").content.decode()
    )


def test_failed_delivery_is_shown_to_those_of_its_site(ivo, cast):
    def failed(site_code: str) -> Delivery:
        return Delivery.objects.create(
            event_uid=uuid.uuid4(), name="ReportSigned", subscriber="compute", trace_id=uuid.uuid4(),
            payload={"site_code": site_code, "subjects": {"study": "1.2.3"}}, published_at=clock.now(),
            failed_at=clock.now(), error_code="BOOM", attempts=12,
        )  # fmt: skip

    mine, others = failed("provincial"), failed("county")

    assert "BOOM" in ivo.get(f"/deliveries/{mine.pk}/").content.decode()
    assert ivo.get(f"/deliveries/{others.pk}/").status_code == 404
    assert ivo.get("/deliveries/").content.decode().count("BOOM") == 1


def test_what_an_incident_says_is_read_in_each_readers_language(cast, incident, browser_of):
    with translation.override("zh-hans"), pytest.raises(ExpressionError) as met:
        evaluate("priority + 1", {"priority": "STAT"})
    said = fault_of(met.value, "Gate").message
    opened = open_incident(incident.instance_id, element_id="Gate", code="PROCESS_FAULT", message=said)

    def page(language):
        return browser_of(cast.rafael, language=language).get(f"/incidents/{opened.pk}/").content.decode()

    assert "A number is needed; this is: a text" in page("en")
    assert "此处需要数字，而这是文本" in page("zh-hans")


def test_incident_is_shown_to_those_who_see_its_case(cast, client, incident):
    client.force_login(cast.rafael)

    assert "A step has not answered in time." in client.get("/incidents/").content.decode()
    assert f"/cases/{incident.instance.uid}/" in client.get(f"/incidents/{incident.pk}/").content.decode()


def test_resolved_incidents_are_shown_when_asked_for(cast, client, incident):
    Incident.objects.update(resolved_at=clock.now())
    client.force_login(cast.rafael)

    assert "STEP_OVERDUE" not in client.get("/incidents/").content.decode()
    assert "STEP_OVERDUE" in client.get("/incidents/?show=all").content.decode()
