from __future__ import annotations

import pytest
from hl7apy.consts import VALIDATION_LEVEL
from hl7apy.parser import parse_message

from common.errors import InvalidInput
from integrations.hl7.fields import parse
from integrations.hl7.models import Link
from integrations.hl7.senders.oru_result import build_result
from tests.integrations.hl7.messages import emr_link


@pytest.fixture
def link(cast) -> Link:
    return emr_link(cast, 1)


def test_a_report_is_an_oru_that_a_strict_parser_accepts(make_report, link):
    data = build_result(make_report(recommendation="CT in 3 months"), link=link, control_id="C1")
    message = parse_message(data.decode().rstrip("\r"), validation_level=VALIDATION_LEVEL.STRICT)
    assert message.name == "ORU_R01"
    assert message.validate()


def test_the_sections_are_told_apart_by_loinc_and_are_final(make_report, link):
    report = make_report(recommendation="CT in 3 months", is_critical=True)
    read = parse(build_result(report, link=link, control_id="C1"))

    obx = {segment[3].value: segment for segment in read.named("OBX")}
    assert list(obx) == ["113014", "18782-3", "19005-8", "18783-1"]
    assert obx["18782-3"][5].text == "结节 8 mm\nrest & bone normal"
    assert obx["19005-8"][5].text == "Follow up | 3 months"
    assert obx["19005-8"][8].value == "AA"
    assert {segment[11].value for segment in obx.values()} == {"F"}
    assert read["MSH"][18].value == "UNICODE UTF-8"
    assert (read["MSH"][9].raw, read["MSH"][10].value) == ("ORU^R01^ORU_R01", "C1")


def test_the_report_names_order_patient_and_signing_radiologist(make_report, link):
    report = make_report()
    read = parse(build_result(report, link=link, control_id="C1"))
    order = report.study.order
    obr = read["OBR"]
    assert (read["ORC"][1].value, read["ORC"][2].value) == ("RE", "PO-1")
    assert (obr[2].value, obr[18].value, obr[25].value) == ("PO-1", order.accession_number, "F")
    assert (obr[4].value, obr[4].component(2)) == ("CONSULT-CT-CHEST", "CT chest")
    assert (obr[32].component(1, 1), obr[32].component(1, 2)) == ("rosa", "Rosa")
    pid = read["PID"]
    assert pid[3].raw == "1001^^^COUNTY&2.25.1002&ISO^MR"
    assert [name.raw for name in pid[5].repetitions] == ["Zhang^Wei^^^^^L^A", "张伟^^^^^^L^I"]
    assert (pid[7].value, pid[8].value) == ("19580412", "M")


def test_the_result_names_the_patient_with_all_components_in_the_order_of_xpn(make_report, link):
    report = make_report()
    patient = report.study.patient
    patient.middle_name, patient.name_prefix, patient.name_suffix = "Xiao", "Dr.", "Ph.D."
    patient.save()
    read = parse(build_result(report, link=link, control_id="C1"))
    assert read["PID"][5].repetitions[0].raw == "Zhang^Wei^Xiao^Ph.D.^Dr.^^L^A"


def test_a_link_may_ask_for_gb18030(make_report, link):
    link.character_set = "GB 18030-2000"
    data = build_result(make_report(), link=link, control_id="C1")
    assert "结节".encode("gb18030") in data
    assert parse(data)["PID"][5].repetitions[1].value == "张伟"


def test_a_character_set_that_cannot_hold_the_report_is_refused(make_report, link):
    link.character_set = "8859/1"
    with pytest.raises(InvalidInput) as refusal:
        build_result(make_report(), link=link, control_id="C1")
    assert refusal.value.code == "CHARACTER_SET"


def test_text_that_looks_like_hl7_stays_text(make_report, link):
    nasty = "a|b^c~d\\e&f \\F\\ \\X41\\ \\.br\\ \\\rPID|1||9999\nOBX|9"
    read = parse(build_result(make_report(findings=nasty), link=link, control_id="C1"))
    assert len(read.named("PID")) == 1
    assert read.named("OBX")[1][5].text == nasty.replace("\r", "\n")
