"""A link's script over its messages: what it changes, what it refuses, and what becomes of a message it fails on."""

from __future__ import annotations

import pytest

from accounts.models import AuditEvent
from archive.mpi.models import Patient
from common.errors import InvalidInput, NotPermitted
from integrations.hl7 import delivery
from integrations.hl7.dispatch import receive
from integrations.hl7.fields import parse
from integrations.hl7.links import update_link
from integrations.hl7.mapping import fields_of, mapped_bytes
from integrations.hl7.models import MessageLog, OutboundMessage
from integrations.hl7.service_tasks import send_report
from tests.integrations.hl7.messages import adt, context, emr_link, his_link, read, verdict
from tests.workflows.scripting.designing import make_designer
from tests.workflows.scripting.patience import patient_pool, patient_sandbox  # noqa: F401 - fixtures
from workflows.scripting import ScriptError, calls
from workflows.scripting.library.models import ScriptVersion
from workflows.scripting.library.services import publish_script, save_draft
from workflows.scripting.limits import Limits
from workflows.scripting.pool import NoSandbox, Pool

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("patient_sandbox")]
SEXES = """
_code = fields.get('PID-8', '')
if not _code:
    refuse, refuse_at = 'PID-8 is required here', 'PID-8'
elif _code not in ('1', '2'):
    refuse, refuse_at = 'Not in GB/T 2261.1', 'PID-8'
else:
    fields['PID-8'] = {'1': 'M', '2': 'F'}[_code]
"""
TWO = "PID|1||1001^^^COUNTY^MR||Zhang^Wei||19580412|2"


@pytest.fixture
def publish(cast):
    dora = make_designer(cast.provincial)

    def put_in_force(source, fields, gives):
        tests = [{"data": {"fields": fields}, "gives": gives}]
        return publish_script(save_draft("his", source=source, tests=tests, actor=dora), actor=dora)

    return put_in_force


@pytest.fixture
def sexes(publish):
    return publish(SEXES, {"PID-8": "2"}, {"fields": {"PID-8": "F"}})


def test_the_handler_reads_what_the_script_made_and_the_log_keeps_what_came(cast, sexes):
    his_link(cast, mapping_script="his")
    data = adt(TWO)

    assert verdict(receive(data)) == ("AA", "", "")

    assert Patient.objects.get().sex == "F"
    row = MessageLog.objects.get()
    assert (bytes(row.raw), row.mapped_by) == (data, "his@1")


@pytest.mark.parametrize(
    ("sex", "condition", "code", "reason"),
    [
        ("", "101", "FIELD_MISSING", "PID-8 is required here"),
        ("9", "103", "MAPPING_REFUSED", "Not in GB/T 2261.1"),
    ],
)
def test_a_refusal_is_an_ae_with_place_and_condition_and_can_be_put_right(
    cast, sexes, sex, condition, code, reason
):
    """Table 0357: 101 where the field is empty, 103 where what it holds has no counterpart."""
    his_link(cast, mapping_script="his")
    answer = receive(adt(TWO[:-1] + sex))

    assert verdict(answer) == ("AE", condition, "PID^1^8")
    assert read(answer)["ERR"][8].text == reason
    row = MessageLog.objects.get()
    assert (row.status, row.error_code, row.error_location) == ("rejected", code, "PID-8")
    assert not Patient.objects.exists()
    line = AuditEvent.objects.get(action="message.not_mapped")
    assert (line.actor, line.object_uid, line.outcome) == ("hl7:county-his", str(row.uid), "refused")
    assert line.detail == {"script": "his", "code": code}

    assert verdict(receive(adt(TWO)))[0] == "AA"


def test_a_reason_made_of_the_patients_data_is_not_passed_on(cast, publish):
    publish("refuse = 'No ' + fields['PID-5']", {"PID-5": "A"}, {"refuse": "No A"})
    his_link(cast, mapping_script="his")
    answer = receive(adt(TWO))
    assert verdict(answer) == ("AE", "103", "")
    assert b"Zhang" not in answer
    assert "Zhang" not in MessageLog.objects.get().error_text


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("x = fields['ZZZ-1']", "SCRIPT_FAILED"),
        ("_all = []\nwhile True:\n    _all.append('x' * 1000000)", "SCRIPT_MEMORY"),
        ("fields = 1", "MAPPING_UNUSABLE"),
        ("fields['PID-8'] = 'M|F'", "MAPPING_UNUSABLE"),
        ("fields['PID-8'] = 'M\\rZZZ|1'", "MAPPING_UNUSABLE"),
        ("fields['PID-8'] = 1", "MAPPING_UNUSABLE"),
        ("fields['MSH-10'] = 'another'", "MAPPING_UNUSABLE"),
        ("fields['MSH-4'] = 'ELSEWHERE'", "MAPPING_UNUSABLE"),
        ("fields['ZZZ-1'] = 'x'", "MAPPING_UNUSABLE"),
        ("fields['PID'] = 'x'", "MAPPING_UNUSABLE"),
        ("fields['PID-0'] = 'ZZZ'", "MAPPING_UNUSABLE"),
    ],
)  # fmt: skip
def test_a_script_that_makes_no_message_leaves_it_refused_and_kept(cast, monkeypatch, source, code):
    his_link(cast, mapping_script="his")
    _in_force(source)
    answer = receive(adt(TWO))
    assert verdict(answer)[:2] == ("AE", "207")
    assert read(answer)["ERR"][5].component(1) == code
    assert (MessageLog.objects.get().status, Patient.objects.exists()) == ("rejected", False)
    assert AuditEvent.objects.get(action="message.not_mapped").detail["code"] == code


@pytest.mark.django_db(transaction=True)
def test_an_endless_script_is_ended_and_the_audit_trail_names_version_link_and_message(
    cast, monkeypatch, settings
):
    settings.SCRIPT_DENIALS_APART = True
    hasty = Pool(Limits(wall_s=0.25))
    monkeypatch.setattr(calls, "pool", lambda: hasty)
    his_link(cast, mapping_script="his")
    _in_force("while True:\n    pass")
    answer = receive(adt(TWO))
    hasty.close()
    assert read(answer)["ERR"][5].component(1) == "SCRIPT_TIMEOUT"
    line = AuditEvent.objects.get(action="script.denied")
    assert (line.actor, line.object_uid, line.detail["code"]) == ("hl7:county-his", "his@1", "SCRIPT_TIMEOUT")
    row = MessageLog.objects.get()
    assert (line.trace_id, line.detail["message"]) == (row.trace_id, str(row.uid))


@pytest.mark.parametrize("is_missing", [True, False])
def test_without_the_script_or_a_sandbox_the_sender_is_asked_to_send_again(cast, monkeypatch, is_missing):
    """AR 207: the message is right, the moment is not (HL7 v2.5.1 §2.9.2.2)."""
    his_link(cast, mapping_script="his")
    if not is_missing:
        _in_force("x = 1")
        monkeypatch.setattr(calls, "pool", _none)
    assert verdict(receive(adt(TWO)))[:2] == ("AR", "207")
    assert MessageLog.objects.get().status == "rejected"


def _none():
    raise NoSandbox


def _in_force(source):
    """A script nobody's tests would let through."""
    ScriptVersion.objects.create(
        name="his",
        number=1,
        state="published",
        source=source,
        digest="",
        saved_by="dora",
        saved_at="2026-03-02T08:00Z",
    )


def test_fields_are_addressed_by_segment_occurrence_and_number():
    message = parse(
        b"MSH|^~\\&|HIS|COUNTY|||20260302||ORU^R01|M1|P|2.5.1\rOBX|1|NM|A||1\rOBX|2|NM|B||2\rNTE|1|\\T\\\r"
    )
    fields = fields_of(message)
    assert (fields["MSH-9"], fields["OBX-5"], fields["OBX[2]-5"], fields["NTE-2"]) == (
        "ORU^R01",
        "1",
        "2",
        "\\T\\",
    )
    assert not {"MSH-1", "MSH-2", "OBX-4"} & fields.keys()


def test_fields_are_changed_added_and_emptied_and_all_else_stays_byte_for_byte(cast, publish):
    source = "fields['OBX[2]-5'] = '3'\nfields['OBX-8'] = 'H'\nfields.pop('NTE-2')"
    publish(source, {"NTE-2": ""}, {"fields": {"OBX[2]-5": "3", "OBX-8": "H"}})
    link = emr_link(cast, 1, mapping_script="his@1")
    head = b"MSH|^~\\&|A|B|C|D|20260302||ORU^R01|M1|P|2.5.1||||||UNICODE UTF-8\rZZZ|\xe5\xbc\xa0\r"
    data, script = mapped_bytes(head + b"OBX|1|NM|A||1\rOBX|2|NM|B||2\rNTE|1|hm\r", link)
    assert data == head + b"OBX|1|NM|A||1|||H\rOBX|2|NM|B||3\rNTE|1|\r"
    assert script == "his@1"


def test_a_sign_the_links_character_set_lacks_is_refused_by_name(cast, publish):
    publish("fields['PID-5'] = '张^伟'", {}, {"fields": {"PID-5": "张^伟"}})
    link = emr_link(cast, 1, mapping_script="his")
    with pytest.raises(InvalidInput) as caught:
        mapped_bytes(b"MSH|^~\\&|A|B|C|D|1||ORU^R01|M1|P|2.5.1||||||8859/1\rPID|1\r", link)
    assert caught.value.code == "CHARACTER_SET"


def test_a_report_goes_out_as_the_receivers_script_wants_it(cast, make_report, publish):
    publish("fields['OBR-25'] = 'C'", {}, {"fields": {"OBR-25": "C"}})
    emr_link(cast, 1, mapping_script="his@1")
    report = make_report()
    send_report(context(report), report_uid=str(report.uid))
    row = OutboundMessage.objects.get().log
    assert (parse(bytes(row.raw))["OBR"][25].value, row.mapped_by) == ("C", "his@1")


def test_a_report_the_script_fails_on_fails_its_step_and_nothing_is_queued(cast, make_report):
    _in_force("x = 1 / 0")
    emr_link(cast, 1, mapping_script="his@1")
    report = make_report()
    with pytest.raises(ScriptError, match=r"his@1 failed: line 1, it divides by zero \(ZeroDivisionError\)"):
        send_report(context(report), report_uid=str(report.uid))
    assert delivery.deliver_due() == 0
    assert not OutboundMessage.objects.exists()


def test_integrators_name_a_script_in_force_and_it_is_audited(cast, sexes):
    link = his_link(cast, site=cast.provincial)
    with pytest.raises(InvalidInput) as caught:
        update_link(link, actor=cast.ivo, changes={"mapping_script": "his@2"})
    assert list(caught.value.fields) == ["mapping_script"]
    with pytest.raises(NotPermitted):
        update_link(link, actor=cast.otto, changes={"mapping_script": "his"})
    changed = update_link(link, actor=cast.ivo, changes={"mapping_script": "his@1"})
    assert changed.mapping_script == "his@1"
    line = AuditEvent.objects.get(action="link.changed")
    assert (line.person, line.detail) == (cast.ivo, {
        "before": {"mapping_script": ""}, "after": {"mapping_script": "his@1"},
    })  # fmt: skip
