"""ORU^R01: a signed report for the systems that keep the patient's record.

Built and validated with hl7apy; this is the only module that imports it.

Reference  HL7 v2.5.1 §7.3.1 (ORU^R01), §7.4.1 (OBR), §7.4.2 (OBX); IHE RAD-28; LOINC
"""

from __future__ import annotations

from django.conf import settings
from hl7apy.consts import VALIDATION_LEVEL
from hl7apy.core import Message
from hl7apy.exceptions import HL7apyException

from archive.orders.models import Order
from archive.reports.models import Report
from common import clock
from common.errors import InvalidInput
from integrations.hl7.fields import CHARACTER_SETS, Delimiters
from integrations.hl7.models import Link

SIGNS = Delimiters()
LINE_BREAK = "\ue00a"  # private use: hl7apy would escape the `.br` of FT once more
DICOM_STUDY = "113014^DICOM Study^DCM"
FINDINGS = "18782-3^Radiology Study observation (narrative)^LN"
IMPRESSION = "19005-8^Radiology Imaging study [Impression] (narrative)^LN"
RECOMMENDATION = "18783-1^Radiology Study recommendation (narrative)^LN"
DIAGNOSTIC_IMAGING_REPORT = "18748-4^Diagnostic imaging study^LN"
CRITICAL = "AA"  # Table 0078


def build_result(report: Report, *, link: Link, control_id: str) -> bytes:
    """The report as one ORU^R01 in the link's character set, proved against the standard's structure.

    Raises  InvalidInput where the message would break the standard, or where the character set of the link
            lacks a sign the report needs.
    """
    message = Message("ORU_R01", version="2.5.1", validation_level=VALIDATION_LEVEL.TOLERANT)
    _fill_header(message, link, control_id)
    result = message.add_group("ORU_R01_PATIENT_RESULT")
    _fill_patient(result.add_group("ORU_R01_PATIENT"), report)
    _fill_order(result.add_group("ORU_R01_ORDER_OBSERVATION"), report)
    try:
        message.validate()
    except HL7apyException as error:
        raise InvalidInput("The report does not make a valid ORU^R01.", code="ORU_NOT_VALID") from error
    text: str = message.to_er7().replace(LINE_BREAK, "\\.br\\") + "\r"
    try:
        return text.encode(CHARACTER_SETS[link.character_set.upper()])
    except (UnicodeEncodeError, KeyError):
        raise InvalidInput(
            "The report cannot be written in the link's character set.", code="CHARACTER_SET"
        ) from None


def _fill_header(message: Message, link: Link, control_id: str) -> None:
    msh = message.msh
    msh.msh_3 = SIGNS.escaped(link.sending_application or settings.HL7_APPLICATION)
    msh.msh_4 = SIGNS.escaped(link.sending_facility or settings.HL7_FACILITY)
    msh.msh_5 = SIGNS.escaped(link.receiving_application)
    msh.msh_6 = SIGNS.escaped(link.receiving_facility)
    msh.msh_7 = clock.format_dtm(clock.now())
    msh.msh_9 = "ORU^R01^ORU_R01"
    msh.msh_10 = control_id
    msh.msh_11 = "P"
    msh.msh_18 = link.character_set


def _fill_patient(group: Message, report: Report) -> None:
    patient = report.study.patient
    pid = group.add_segment("PID")
    pid.pid_1 = "1"
    site = report.study.site
    known = sorted(
        patient.identifiers.all(),
        key=lambda row: (row.authority_namespace != site.authority_namespace, row.pk),
    )
    for row in known:
        _repeat(pid, "PID_3", row.as_identifier().as_cx())
    if patient.family_name or patient.given_name or not patient.ideographic_name:
        parts = (  # XPN.1 to .5: the suffix comes before the prefix
            patient.family_name, patient.given_name, patient.middle_name, patient.name_suffix, patient.name_prefix,
        )  # fmt: skip
        name = "^".join(SIGNS.escaped(part) for part in parts)
        _repeat(pid, "PID_5", f"{name}^^L^A" if patient.family_name else '""')
    if patient.ideographic_name:
        _repeat(pid, "PID_5", f"{SIGNS.escaped(patient.ideographic_name)}^^^^^^L^I")
    if patient.birth_date is not None:
        pid.pid_7 = clock.format_da(patient.birth_date)
    pid.pid_8 = patient.sex


def _fill_order(group: Message, report: Report) -> None:
    order = report.study.order
    if order is not None:
        orc = group.add_segment("ORC")
        orc.orc_1 = "RE"
        orc.orc_2 = SIGNS.escaped(order.placer_order_number)
        orc.orc_3 = _filler_number(report)
        orc.orc_5 = "CM"
    _fill_request(group.add_segment("OBR"), report, order)
    _observe(group, report, 1, DICOM_STUDY, report.study.study_instance_uid, kind="ST")
    sections = [
        (FINDINGS, report.findings),
        (IMPRESSION, report.impression),
        (RECOMMENDATION, report.recommendation),
    ]
    present = [(code, text) for code, text in sections if text]
    for number, (code, text) in enumerate(present, start=2):
        _observe(group, report, number, code, text, kind="FT")


def _fill_request(obr: Message, report: Report, order: Order | None) -> None:
    study = report.study
    signed_at = clock.format_dtm(report.signed_at or report.created_at)
    obr.obr_1 = "1"
    obr.obr_3 = _filler_number(report)
    obr.obr_4 = DIAGNOSTIC_IMAGING_REPORT
    if order is not None:
        obr.obr_2 = SIGNS.escaped(order.placer_order_number)
        code, description = SIGNS.escaped(order.procedure_code), SIGNS.escaped(order.procedure_description)
        obr.obr_4 = f"{code}^{description}^L"
        obr.obr_19 = SIGNS.escaped(order.requested_procedure_id)
    obr.obr_7 = clock.format_dtm(study.received_at)
    obr.obr_18 = SIGNS.escaped(order.accession_number if order else study.accession_number)
    obr.obr_22 = signed_at
    obr.obr_25 = "F"
    author = report.author
    person = [author.username, author.display_name, "", "", "", author.title]
    obr.obr_32 = "&".join(SIGNS.escaped(part) for part in person).rstrip("&") + f"^{signed_at}"


def _observe(group: Message, report: Report, number: int, code: str, text: str, *, kind: str) -> None:
    obx = group.add_group("ORU_R01_OBSERVATION").add_segment("OBX")
    obx.obx_1 = str(number)
    obx.obx_2 = kind
    obx.obx_3 = code
    obx.obx_5 = LINE_BREAK.join(SIGNS.escaped(line) for line in text.splitlines())
    if report.is_critical and code == IMPRESSION:
        obx.obx_8 = CRITICAL
    obx.obx_11 = "F"
    obx.obx_14 = clock.format_dtm(report.signed_at or report.created_at)


def _filler_number(report: Report) -> str:
    order = report.study.order
    number = order.filler_order_number or order.accession_number if order else report.study.accession_number
    return SIGNS.escaped(number or str(report.uid)[:8])


def _repeat(segment: Message, name: str, value: str) -> None:
    field = segment.add_field(name)
    field.value = value
