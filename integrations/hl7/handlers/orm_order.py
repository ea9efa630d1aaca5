"""ORM^O01: an order as systems before v2.5 send it."""

from __future__ import annotations

from integrations.hl7.acks import Acknowledgement
from integrations.hl7.dispatch import handles
from integrations.hl7.fields import Message
from integrations.hl7.handlers.order_fields import Imaging, place
from integrations.hl7.models import Link


@handles("ORM^O01")
def receive_order_message(message: Message, link: Link) -> Acknowledgement:
    """Take in or cancel an imaging order; the study UID comes in ZDS-1 where the sender knows one.

    Reference  HL7 v2.5.1 §4.4.1 (ORM); IHE RAD-4 (ZDS, OBR-18 accession number, OBR-19 procedure ID)
    """
    obr = message["OBR"]
    return place(
        message,
        link,
        Imaging(
            accession_number=obr[18],
            requested_procedure_id=obr[19],
            study_instance_uid=message["ZDS"][1].value,
            modality=obr[24],
            station=None,
            locations={
                "accession_number": "OBR-18",
                "requested_procedure_id": "OBR-19",
                "study_instance_uid": "ZDS-1",
                "modality": "OBR-24",
            },
        ),
    )
