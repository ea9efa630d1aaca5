"""ADT: patients are admitted, registered, or their record is brought up to date."""

from __future__ import annotations

from integrations.hl7.acks import Acknowledgement, accept
from integrations.hl7.dispatch import handles
from integrations.hl7.fields import Message
from integrations.hl7.handlers.patient_fields import register
from integrations.hl7.models import Link


@handles("ADT^A01", "ADT^A04", "ADT^A05", "ADT^A08", "ADT^A28", "ADT^A31")
def register_or_update_patient(message: Message, link: Link) -> Acknowledgement:
    """Register the patient in PID, or bring the record up to date.

    What the message leaves blank stays as it is. Safe to repeat.

    Reference  HL7 v2.5.1 §3.3.1, §3.3.4, §3.3.8, §3.3.28, §3.3.31; IHE ITI-8
    """
    register(message, link)
    return accept()
