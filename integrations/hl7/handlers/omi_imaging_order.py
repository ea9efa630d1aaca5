"""OMI^O23: an imaging order with its imaging procedure control segment."""

from __future__ import annotations

from integrations.hl7.acks import Acknowledgement
from integrations.hl7.dispatch import handles
from integrations.hl7.fields import Message
from integrations.hl7.handlers.order_fields import Imaging, place
from integrations.hl7.models import Link


@handles("OMI^O23")
def receive_imaging_order(message: Message, link: Link) -> Acknowledgement:
    """Take in or cancel an imaging order; it is a worklist entry when this is answered AA.

    A message without IPC, as scanners' brokers still send it, is read like an ORM^O01.

    Reference  HL7 v2.5.1 §4.4.10 (OMI), §4.5.6 (IPC); IHE RAD-4
    """
    ipc, obr = message["IPC"], message["OBR"]
    study = ipc[3].value or message["ZDS"][1].value
    return place(
        message,
        link,
        Imaging(
            accession_number=ipc[1] or obr[18],
            requested_procedure_id=ipc[2] or obr[19],
            study_instance_uid=study,
            modality=ipc[5] or obr[24],
            station=ipc[9],
            locations={
                "accession_number": "IPC-1",
                "requested_procedure_id": "IPC-2",
                "study_instance_uid": "IPC-3",
                "modality": "IPC-5",
            },
        ),
    )
