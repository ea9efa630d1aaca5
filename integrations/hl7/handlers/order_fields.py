"""What is ordered: ORC, TQ1, OBR in our words, shared by OMI^O23 and ORM^O01.

Reference  HL7 v2.5.1 §4.5.1 (ORC), §4.5.3 (OBR), §4.5.4 (TQ1), §4.5.6 (IPC); Tables 0074, 0119, 0485
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from django.utils import timezone

from archive.orders.models import Order
from archive.orders.services import cancel_order, receive_order
from common import clock
from common.errors import InvalidInput
from common.uids import is_uid_lenient
from integrations.hl7.acks import Acknowledgement, Finding, accept, warning
from integrations.hl7.fields import Field, Message
from integrations.hl7.handlers.patient_fields import register, site_of
from integrations.hl7.models import Link
from integrations.hl7.refusals import SEGMENT_MISSING, SEVERAL_ORDERS, missing, unknown_value

NEW, CANCEL = "NW", "CA"
PRIORITIES = {"S": "STAT", "STAT": "STAT", "A": "URGENT", "U": "URGENT", "URGENT": "URGENT", "T": "URGENT"}
# Table 0074 has its own words for some modalities.
MODALITIES = {"NMR": "MR", "MRI": "MR", "RUS": "US", "OUS": "US", "VUS": "US", "NMS": "NM", "RAD": "DX"}


@dataclass(frozen=True, slots=True)
class Imaging:
    """The numbers and the modality of a requested procedure, from IPC or from where ORM keeps them."""

    accession_number: Field
    requested_procedure_id: Field
    study_instance_uid: str
    modality: Field
    station: Field | None
    locations: dict[str, str]


def place(message: Message, link: Link, imaging: Imaging) -> Acknowledgement:
    """Do what ORC-1 says: take in a new order (NW) or cancel one (CA). Other controls are refused by name.

    Raises  InvalidInput at ORC-1 (AE 103), ORC-2 or another required field (AE 101).
    """
    for name in ("ORC", "OBR"):
        if not message[name]:
            raise InvalidInput(
                f"The message has no {name} segment.", code=SEGMENT_MISSING, fields={name: "Missing."}
            )
    for name in ("ORC", "OBR", "IPC"):
        if len(message.named(name)) > 1:
            raise InvalidInput(
                "Several orders or steps in one message are not supported; send one message for each.",
                code=SEVERAL_ORDERS,
                fields={name: "More than one."},
            )
    control = message["ORC"][1].value
    number = (message["ORC"][2] or message["OBR"][2]).value
    if control not in {NEW, CANCEL}:
        raise unknown_value("ORC-1", expected="NW or CA")
    if not message["PID"][3]:
        raise missing("PID-3")
    if not number:
        raise missing("ORC-2")
    if control == CANCEL:
        cancel_order(site=site_of(message, link), placer_order_number=number, actor=link.actor)
        return accept()
    return _receive(message, link, imaging, number)


def _receive(message: Message, link: Link, imaging: Imaging, number: str) -> Acknowledgement:
    patient, site = register(message, link)
    obr, orc = message["OBR"], message["ORC"]
    warnings: list[Finding] = []
    receive_order(
        site=site,
        patient=patient,
        placer_order_number=number,
        procedure_code=_required(obr[4], "OBR-4"),
        procedure_description=obr[4].component(2),
        service=_service(obr[4].value, link),
        priority=_priority(message),
        modality=_modality(imaging),
        station_ae_title=_short(imaging.station, "IPC-9", warnings),
        scheduled_at=_scheduled_at(message),
        study_instance_uid=_study_uid(imaging),
        accession_number=_accession(imaging),
        requested_procedure_id=_short(
            imaging.requested_procedure_id, imaging.locations["requested_procedure_id"], warnings
        ),
        reason=obr[31].component(2) or obr[31].value or obr[13].text,
        referring_physician=_person(message["PV1"][8]) or _person(obr[16]) or _person(orc[12]),
        ordered_at=local_moment(orc[9].value) or local_moment(message["MSH"][7].value) or clock.now(),
        actor=link.actor,
    )
    return accept(warnings=warnings)


def local_moment(value: str) -> dt.datetime | None:
    """The moment in a DTM; one without an offset is in the region's own time zone."""
    moment = clock.parse_dtm(value)
    if moment is None or re.search(r"[+-]\d{4}$", value):
        return moment
    return moment.replace(tzinfo=timezone.get_default_timezone())


def _service(code: str, link: Link) -> str:
    if code in link.consultation_codes:
        return Order.Service.REMOTE_CONSULTATION
    return Order.Service.IMAGING


def _priority(message: Message) -> str:
    """TQ1-9, else where versions before 2.5 kept it (ORC-7.6, OBR-27.6, OBR-5); anything else is routine."""
    said = (
        message["TQ1"][9].value
        or message["ORC"][7].component(6)
        or message["OBR"][27].component(6)
        or message["OBR"][5].value
    )
    return PRIORITIES.get(said.upper(), Order.Priority.ROUTINE)


def _scheduled_at(message: Message) -> dt.datetime:
    said = (
        local_moment(message["TQ1"][7].value)
        or local_moment(message["ORC"][7].component(4))
        or local_moment(message["OBR"][27].component(4))
        or local_moment(message["OBR"][36].value)
    )
    return said or clock.now()


def _modality(imaging: Imaging) -> str:
    location = imaging.locations["modality"]
    said = _required(imaging.modality, location).upper()
    modality = MODALITIES.get(said, said)
    if not re.fullmatch(r"[A-Z][A-Z0-9_ ]{1,15}", modality) or modality in {"LAB", "CH", "HM", "MB"}:
        raise unknown_value(location, expected="a DICOM modality")
    return modality


def _study_uid(imaging: Imaging) -> str:
    uid = imaging.study_instance_uid
    if uid and not is_uid_lenient(uid):
        location = imaging.locations["study_instance_uid"]
        raise InvalidInput(
            f"{location} is not a DICOM UID.", code="DATA_TYPE", fields={location: "Not a DICOM UID."}
        )
    return uid


def _accession(imaging: Imaging) -> str:
    value = imaging.accession_number.value
    if len(value) > 16:
        location = imaging.locations["accession_number"]
        raise InvalidInput(
            f"{location} is longer than the 16 characters DICOM can hold.",
            code="DATA_TYPE",
            fields={location: "At most 16 characters."},
        )
    return value


def _short(field: Field | None, location: str, warnings: list[Finding]) -> str:
    """A value DICOM can hold in 16 characters; a longer one is left out, and the sender is told."""
    value = field.value if field is not None else ""
    if len(value) <= 16:
        return value
    warnings.append(warning(location, f"{location} is longer than 16 characters and was not used."))
    return ""


def _required(field: Field, location: str) -> str:
    if not field.value:
        raise missing(location)
    return field.value


def _person(field: Field) -> str:
    """An XCN as people write it: family and given name, or the number where there is no name."""
    names = [field.component(2), field.component(3)]
    return " ".join(name for name in names if name) or field.component(1)
