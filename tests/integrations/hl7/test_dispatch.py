"""What messages do and how they are answered. Sockets are in test_listener.py."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from accounts.models import AuditEvent, Membership, Role
from archive.mpi.models import Patient
from archive.mpi.selectors import find_patient
from archive.orders.models import Order
from common.identifiers import Authority, Identifier
from integrations.hl7 import dispatch
from integrations.hl7.dispatch import receive
from integrations.hl7.models import MessageLog
from integrations.hl7.selectors import visible_messages
from tests.integrations.hl7.messages import ORDER, adt, his_link, order_message, read, verdict

REGION = dt.timezone(dt.timedelta(hours=8))


@pytest.fixture
def link(cast):
    return his_link(cast)


def test_an_imaging_order_becomes_patient_order_and_worklist_entry(cast, link):
    order = replace(
        ORDER, accession="ACC-7", study_instance_uid="2.25.7", priority="S", station_ae_title="CT1"
    )
    answer = read(receive(order_message(order)))

    assert (answer["MSA"][1].value, answer["MSA"][2].value) == ("AA", "M1")
    made = Order.objects.get()
    assert (made.accession_number, made.study_instance_uid) == ("ACC-7", "2.25.7")
    assert (made.service, made.priority) == ("remote_consultation", "STAT")
    assert (made.procedure_code, made.procedure_description) == (
        "CONSULT-CT-CHEST",
        "CT chest, remote consultation",
    )
    assert made.reason == "Nodule in the right upper lobe, please advise"
    assert made.referring_physician == "Rafael"
    assert made.steps.get().station_ae_title == "CT1"
    patient = find_patient(Identifier("1001", Authority("COUNTY")))
    assert made.patient == patient
    assert (patient.family_name, patient.given_name, patient.ideographic_name) == ("Zhang", "Wei", "张伟")
    assert (patient.birth_date, patient.sex) == (dt.date(1958, 4, 12), "M")


def test_message_order_and_audit_trail_carry_one_trace(link):
    receive(order_message())
    trace_id = MessageLog.objects.get().trace_id
    assert Order.objects.get().trace_id == trace_id
    assert {event.trace_id for event in AuditEvent.objects.all()} == {trace_id}
    assert {event.actor for event in AuditEvent.objects.all()} == {"hl7:county-his"}


def test_an_order_with_another_code_is_plain_imaging(link):
    receive(order_message(replace(ORDER, procedure="CT-HEAD")))
    assert Order.objects.get().service == "imaging"


def test_the_message_is_kept_byte_for_byte_with_its_answer(link):
    data = order_message()
    answer = receive(data)
    row = MessageLog.objects.get()
    assert (bytes(row.raw), bytes(row.answer)) == (data, answer)
    assert (row.status, row.ack_code, row.message_type) == ("accepted", "AA", "OMI^O23")


def test_a_message_sent_again_gets_the_same_answer_and_has_no_second_effect(link):
    first = receive(order_message())
    again = receive(order_message())
    stamped_anew = receive(
        order_message().replace(b"|20260302080000+0000||OMI", b"|20260302090000+0000||OMI")
    )

    assert first == again == stamped_anew
    row = MessageLog.objects.get()
    assert row.receipts == 3
    assert Order.objects.count() == 1
    assert AuditEvent.objects.filter(action="order.received").count() == 1


def test_a_control_id_used_for_another_message_is_refused_and_kept(link):
    receive(order_message())
    answer = receive(order_message(replace(ORDER, placer_order_number="PO-2")))

    assert verdict(answer)[:2] == ("AE", "205")
    assert Order.objects.count() == 1
    assert MessageLog.objects.filter(status="rejected", error_code="CONTROL_ID_REUSED").count() == 1


def test_a_refused_message_is_judged_anew_when_it_comes_again(cast, link):
    data = order_message(replace(ORDER, authority="NEWSITE"))
    assert verdict(receive(data)) == ("AE", "204", "PID^1^3")
    cast.elsewhere.authority_namespace = "NEWSITE"
    cast.elsewhere.save()

    assert verdict(receive(data))[0] == "AA"
    row = MessageLog.objects.get()
    assert (row.status, row.error_code, row.receipts) == ("accepted", "", 2)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (adt("PID|1||||Zhang^Wei"), ("AE", "101", "PID^1^3")),
        (adt('PID|1||""||Zhang^Wei'), ("AE", "101", "PID^1^3")),
        (adt("EVN|A08"), ("AE", "101", "PID^1^3")),
        (adt("PID|1||7^^^NOWHERE||Zhang^Wei"), ("AE", "204", "PID^1^3")),
        (adt(f"PID|1||{'7' * 65}||Zhang^Wei"), ("AE", "102", "PID^1^3")),
        (adt(f"PID|1||7^^^COUNTY~8^^^{'N' * 65}||Zhang^Wei"), ("AE", "102", "PID^1^3")),
        (adt("PID|1||7||Zhang\x00^Wei"), ("AE", "102", "MSH")),
        (adt(control_id=""), ("AE", "101", "MSH^1^10")),
        (adt(event="A99"), ("AR", "201", "MSH^1^9")),
        (adt().replace(b"ADT^A08", b"BAR^P01"), ("AR", "200", "MSH^1^9")),
        (adt(version="3.0"), ("AR", "203", "MSH^1^12")),
        (adt(extra="||||||UNICODE UTF-16"), ("AE", "103", "MSH^1^18")),
        (adt(sender="STRANGER|COUNTY"), ("AR", "207", "")),
        (adt(sender="HIS|NOWHERE"), ("AR", "207", "")),
        (order_message(replace(ORDER, patient_id="")), ("AE", "101", "PID^1^3")),
        (order_message(replace(ORDER, placer_order_number="")), ("AE", "101", "ORC^1^2")),
        (order_message(replace(ORDER, order_control="XO")), ("AE", "103", "ORC^1^1")),
        (order_message(replace(ORDER, modality="")), ("AE", "101", "IPC^1^5")),
        (order_message(replace(ORDER, modality="LAB")), ("AE", "103", "IPC^1^5")),
        (order_message(replace(ORDER, procedure="")), ("AE", "101", "OBR^1^4")),
        (order_message(replace(ORDER, accession="A" * 17)), ("AE", "102", "IPC^1^1")),
        (order_message(replace(ORDER, study_instance_uid="x.y")), ("AE", "102", "IPC^1^3")),
        (order_message(replace(ORDER, order_control="CA")), ("AE", "204", "")),
        (order_message() + b"ORC|NW|PO-2\rOBR|2|PO-2||CT^CT^L\r", ("AE", "100", "ORC")),
    ],
)
def test_bad_content_is_refused_in_hl7s_words_and_is_a_row_to_look_at(link, data, expected):
    assert verdict(receive(data)) == expected

    row = MessageLog.objects.get()
    assert row.status == "rejected"
    assert (row.ack_code, row.error_condition) == expected[:2]
    assert bytes(row.raw) == data
    assert row.error_text
    assert not Patient.objects.exists()
    assert not Order.objects.exists()


def test_damaged_messages_are_accepted_or_refused_but_never_a_defect(link):
    """Every field in turn is emptied, overgrown, filled with delimiters or with what is no text."""
    fillings = [
        "",
        "x" * 300,
        "^^^^&&&~~",
        "~",
        '""',
        "\u0001\ufffe张",
        "\\X",
        "99999999999999",
        "20260302080000+2400",
    ]
    lines = order_message().decode().rstrip("\r").split("\r")
    tried = 0
    for number, line in enumerate(lines):
        fields = line.split("|")
        for position in range(2 if number == 0 else 1, len(fields)):
            filling = fillings[tried % len(fillings)]
            changed = "|".join([*fields[:position], filling, *fields[position + 1 :]])
            receive("\r".join([*lines[:number], changed, *lines[number + 1 :]]).encode())
            tried += 1
    rows = MessageLog.objects.exclude(status__in=["accepted", "rejected"])
    assert [(row.error_code, bytes(row.raw)) for row in rows] == []
    assert tried > 60


def test_a_nul_in_the_header_is_refused_and_kept(link):
    assert verdict(receive(adt(sender="HIS\x00|COUNTY")))[:2] == ("AE", "102")
    assert MessageLog.objects.get().error_code == "DATA_TYPE"


def test_a_nul_written_as_an_escape_sequence_is_dropped(link):
    assert verdict(receive(adt(r"PID|1||7||Zhang\X00\^Wei")))[0] == "AA"
    assert Patient.objects.get().family_name == "Zhang"


def test_a_defect_is_logged_by_place_and_kind_without_its_words(link, monkeypatch):
    def broken(message, link):
        raise ValueError(message["PID"][5].raw)

    monkeypatch.setitem(dispatch._handlers, "ADT^A08", broken)
    with capture_logs() as lines:
        receive(adt())
    (line, _) = lines
    assert (line["event"], line["error"]) == ("hl7.defect", "ValueError")
    assert "test_dispatch.py" in line["at"][-1]
    assert "Zhang" not in repr(lines)


@pytest.mark.parametrize(
    "data", [b"", b"\x00\xff garbage", b"FHS|^~\\&|x\rBHS|^~\\&\rMSH|^~\\&|HIS|COUNTY\r"]
)
def test_what_is_no_message_is_refused_and_kept(link, data):
    answer = read(receive(data))
    assert (answer["MSA"][1].value, answer["ERR"][3].value) == ("AE", "100")
    assert answer["MSA"][2].raw == '""'
    assert bytes(MessageLog.objects.get().raw) == data


def test_a_second_order_for_the_number_of_another_patient_is_refused_as_duplicate_key(link):
    receive(order_message())
    answer = receive(order_message(replace(ORDER, patient_id="2002"), control_id="M2"))
    assert verdict(answer)[:2] == ("AE", "205")
    assert Patient.objects.count() == 1  # nothing of a refused message stays


def test_an_order_is_cancelled_by_its_placer_number(link):
    receive(order_message())
    assert verdict(receive(order_message(replace(ORDER, order_control="CA"), control_id="M2")))[0] == "AA"
    assert Order.objects.get().status == "cancelled"


def test_a_station_that_dicom_cannot_hold_is_left_out_and_the_sender_is_told(link):
    answer = read(receive(order_message(replace(ORDER, station_ae_title="A" * 17))))
    assert answer["MSA"][1].value == "AA"
    err = answer["ERR"]
    assert (err[2].raw, err[3].value, err[4].value) == ("IPC^1^9", "102", "W")
    assert Order.objects.get().steps.get().station_ae_title == ""


def test_an_orm_keeps_its_numbers_where_rad_4_puts_them(link):
    lines = [
        r"MSH|^~\&|HIS|COUNTY|||20260302080000||ORM^O01|R1|P|2.3.1",
        "PID|1||1001||Zhang^Wei||19580412|M",
        "PV1|1|O||||||77^Rafael^Ramos",
        "ORC|NW|PO-9|||||^^^202603021030^^S||202603020900",
        "OBR|1|PO-9||CT-HEAD^CT of the head^L" + "|" * 14 + "ACC-9|RP-9|||||CT|||||||^headache",
        "ZDS|2.25.99^100^Application^DICOM",
    ]
    assert verdict(receive(("\r".join(lines) + "\r").encode()))[0] == "AA"
    made = Order.objects.get()
    assert (made.accession_number, made.requested_procedure_id, made.study_instance_uid) == (
        "ACC-9",
        "RP-9",
        "2.25.99",
    )
    assert (made.priority, made.reason, made.referring_physician) == ("STAT", "headache", "Rafael Ramos")
    assert made.ordered_at == dt.datetime(2026, 3, 2, 9, 0, tzinfo=REGION)
    assert made.steps.get().scheduled_at == dt.datetime(2026, 3, 2, 10, 30, tzinfo=REGION)


def test_an_adt_corrects_the_record_and_leaves_what_it_does_not_mention(link):
    receive(adt())
    receive(adt("PID|1||1001^^^COUNTY^MR||Zhang^Weiwei", control_id="A2"))
    patient = Patient.objects.get()
    assert (patient.given_name, patient.birth_date, patient.sex) == ("Weiwei", dt.date(1958, 4, 12), "M")


def test_a_chinese_name_without_its_code_is_known_by_its_letters(link):
    receive(adt("PID|1||1001||张伟"))
    patient = Patient.objects.get()
    assert (patient.family_name, patient.ideographic_name) == ("", "张伟")


def test_middle_names_prefix_and_suffix_come_with_the_name(link):
    receive(adt("PID|1||1001||Adams^John^Robert Quincy^B.A.^Rev.^M.Div.^L^A"))
    patient = Patient.objects.get()
    assert patient.person_name == "Adams^John^Robert Quincy^Rev.^B.A., M.Div."
    assert patient.display_name == "Rev. John Robert Quincy Adams B.A., M.Div."


def test_an_identifier_of_another_site_is_that_sites(cast, link):
    receive(adt("PID|1||1001^^^COUNTY~77^^^&2.25.1001&ISO~110101^^^NATIONAL&2.25.5&ISO^NI||Zhang^Wei"))
    found = {
        row.value: (row.authority_namespace, row.site) for row in Patient.objects.get().identifiers.all()
    }
    assert found == {
        "1001": ("COUNTY", cast.county),
        "77": ("PROV", cast.provincial),
        "110101": ("NATIONAL", None),
    }


def test_a_regions_link_takes_the_site_from_msh_4(cast):
    his_link(cast, name="region", sending_application="REGION-HIS", sending_facility="", site=cast.provincial)
    assert verdict(receive(adt("PID|1||5", sender="REGION-HIS|ELSE")))[0] == "AA"
    assert Patient.objects.get().identifiers.get().site == cast.elsewhere
    answer = receive(adt("PID|1||6", sender="REGION-HIS|NOWHERE", control_id="A2"))
    assert verdict(answer) == ("AE", "204", "MSH^1^4")


def test_an_inactive_link_is_no_link(cast, link):
    link.is_active = False
    link.save()
    assert verdict(receive(adt()))[:2] == ("AR", "207")


def test_the_answer_speaks_the_version_delimiters_and_character_set_it_was_asked_in(link):
    data = adt("PID|1", version="2.3.1").replace(b"|", b"#").replace(b"^", b"$")
    answer = receive(data)
    assert answer.startswith(b"MSH#$~\\&#CONSILIUM#REGION#HIS#COUNTY#")
    reply = read(answer)
    assert (reply["MSH"][9].raw, reply["MSH"][12].value) == ("ACK$A08$ACK", "2.3.1")
    # before v2.5 an ERR is one ELD: segment, sequence, field, code (HL7 v2.4 §2.16.5)
    assert reply["ERR"][1].raw == "PID$1$3$101&Required field missing&HL70357"


def test_a_sender_in_enhanced_mode_that_wants_no_application_answer_gets_a_commit_accept(link):
    assert read(receive(adt(extra="|||AL|NE")))["MSA"][1].value == "CA"
    assert read(receive(adt("PID|1", extra="|||AL|NE", control_id="A2")))["MSA"][1].value == "CE"


def test_a_defect_of_ours_is_answered_as_one_kept_and_healed_by_sending_again(link, monkeypatch):
    working = dispatch._handlers["ADT^A08"]

    def broken(message, link):
        register = working(message, link)
        assert register
        raise ZeroDivisionError

    monkeypatch.setitem(dispatch._handlers, "ADT^A08", broken)
    assert verdict(receive(adt()))[:2] == ("AR", "207")
    assert MessageLog.objects.get().status == "failed"
    assert not Patient.objects.exists()

    monkeypatch.setitem(dispatch._handlers, "ADT^A08", working)
    assert verdict(receive(adt()))[0] == "AA"
    assert MessageLog.objects.get().status == "accepted"


def test_no_log_line_holds_what_a_message_says_of_a_patient(link):
    with capture_logs() as lines:
        receive(order_message())
        receive(adt("PID|1||||Zhang^Wei", control_id="A5"))
        receive(adt("PID|1||1001|", event="A99", control_id="A6"))
    assert [line["event"] for line in lines] == ["hl7.answered"] * 3
    logged = repr(lines)
    for private in ("Zhang", "张伟", "1001", "19580412", "Nodule"):
        assert private not in logged


def test_messages_are_seen_at_their_site_and_strays_by_who_manages_one(cast, link):
    receive(adt())
    receive(adt(sender="STRANGER|COUNTY"))
    receive(b"noise")

    assert not visible_messages(cast.otto).exists()
    assert not visible_messages(cast.ivo).exists()  # integrator of the other hospital
    assert [row.error_code for row in visible_messages(cast.ines)] == ["NO_HEADER"]
    Membership.objects.create(person=cast.ivo, site=cast.county, role=Role.INTEGRATOR)
    assert [row.error_code for row in visible_messages(cast.ivo)] == ["UNKNOWN_SENDER", ""]
