"""Acknowledgements: our errors in HL7's words, and the bytes that go back.

Reference  HL7 v2.5.1 §2.9.2 (acknowledgement), §2.15.5 (ERR), §2.15.8 (MSA), Tables 0008 and 0357
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field

from django.conf import settings

from common import clock
from common.errors import Conflict, InvalidInput, NotFound, NotPermitted, ServiceError, Unavailable
from integrations.hl7.fields import Delimiters, Segment, encoding_of
from integrations.hl7.refusals import location_of

# Table 0357
CONDITIONS = {
    "100": "Segment sequence error",
    "101": "Required field missing",
    "102": "Data type error",
    "103": "Table value not found",
    "200": "Unsupported message type",
    "201": "Unsupported event code",
    "202": "Unsupported processing ID",
    "203": "Unsupported version ID",
    "204": "Unknown key identifier",
    "205": "Duplicate key identifier",
    "206": "Application record locked",
    "207": "Application internal error",
}
_INPUT_CONDITIONS = {
    "NO_HEADER": "100",
    "SEGMENT_MISSING": "100",
    "SEVERAL_ORDERS": "100",
    "FIELD_MISSING": "101",
    "MAPPING_REFUSED": "103",
    "VALUE_UNKNOWN": "103",
    "UNSUPPORTED_MESSAGE": "200",
    "UNSUPPORTED_EVENT": "201",
    "UNSUPPORTED_VERSION": "203",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One ERR segment: where, which condition of Table 0357, how grave (E or W), our own code and sentence."""

    condition: str
    code: str
    text: str
    location: str = ""
    severity: str = "E"


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """The application's answer: AA accepted, AE in error, AR refused; a warning may come with AA."""

    code: str
    findings: list[Finding] = field(default_factory=list)


def accept(*, warnings: list[Finding] | None = None) -> Acknowledgement:
    """What was asked for is done."""
    return Acknowledgement("AA", list(warnings or []))


def warning(location: str, text: str) -> Finding:
    """Something in an accepted message that could not be used."""
    return Finding("102", "VALUE_NOT_USED", text, location, severity="W")


def refuse(error: ServiceError) -> Acknowledgement:
    """A refusal in HL7's words. AE: this content will not do. AR: this message, sender or moment will not."""
    code, condition = _code_and_condition(error)
    return Acknowledgement(code, [Finding(condition, error.code, error.message, location_of(error))])


def refuse_defect() -> Acknowledgement:
    """The answer where we failed ourselves: the message may be sent again."""
    return refuse(
        Unavailable("The message could not be dealt with now; please send it again.", code="DEFECT")
    )


def encode(acknowledgement: Acknowledgement, header: Segment | None) -> bytes:
    """The acknowledgement as bytes, in the delimiters, version and character set of what it answers."""
    if header is None:
        header = Segment("MSH|^~\\&|", Delimiters(), "latin-1")
    signs = header.delimiters
    segments = [_msh(header, signs), _msa(acknowledgement, header, signs)]
    segments += [_err(finding, signs, version=header[12].value) for finding in acknowledgement.findings]
    lines = (signs.field.join(segment).rstrip(signs.field) for segment in segments)
    return ("\r".join(lines) + "\r").encode(_codec(header) or "ascii", errors="replace")


def _code_and_condition(error: ServiceError) -> tuple[str, str]:
    match error:
        case InvalidInput():
            condition = _INPUT_CONDITIONS.get(error.code, "102")
            return ("AR" if condition.startswith("20") else "AE"), condition
        case NotFound():
            return "AE", "204"
        case Conflict():
            return "AE", "205"
        case NotPermitted() | Unavailable():
            return "AR", "207"
        case ServiceError(permanent=False):
            return "AR", "207"
        case _:
            return "AE", "207"


def _msh(header: Segment, signs: Delimiters) -> list[str]:
    trigger = header[9].component(2)
    message_type = signs.component.join(["ACK", trigger, "ACK"] if trigger else ["ACK"])
    return [
        "MSH", signs.encoding_characters,
        signs.escaped(settings.HL7_APPLICATION), signs.escaped(settings.HL7_FACILITY),
        header[3].raw, header[4].raw,
        clock.format_dtm(clock.now()), "", message_type, uuid.uuid4().hex[:20],
        header[11].raw or "P", header[12].raw or "2.5.1", "", "", "", "", "", header[18].raw if _codec(header) else "",
    ]  # fmt: skip


def _msa(acknowledgement: Acknowledgement, header: Segment, signs: Delimiters) -> list[str]:
    """MSA-2 is required; where the message had no control ID it is the null value."""
    code = acknowledgement.code
    if header[15] and header[16].value == "NE":
        code = f"C{code[1]}"  # enhanced mode, and no application acknowledgement is wanted (§2.9.3)
    text = acknowledgement.findings[0].text if acknowledgement.findings else ""
    return ["MSA", code, header[10].raw or '""', signs.escaped(text[:80])]


def _err(finding: Finding, signs: Delimiters, *, version: str) -> list[str]:
    segment, _, position = finding.location.partition("-")
    name, _, occurrence = segment.rstrip("]").partition("[")
    place = [name, occurrence or "1", position] if position else [name] if name else []
    condition = [finding.condition, CONDITIONS[finding.condition], "HL70357"]
    if "2" <= version < "2.5":  # ERR-1 alone, its code a fourth component (HL7 v2.4 §2.16.5)
        four = [*[*place, "", "", ""][:3], signs.subcomponent.join(condition)]
        return ["ERR", signs.component.join(four)]
    own = [finding.code, "", "L"]
    return [
        "ERR", "", signs.component.join(place), signs.component.join(condition), finding.severity,
        signs.component.join(own), "", "", signs.escaped(finding.text),
    ]  # fmt: skip


def _codec(header: Segment) -> str:
    """The codec of the message's character set; "" for one we do not know, which the answer then leaves."""
    try:
        return encoding_of(header)
    except InvalidInput:
        return ""
