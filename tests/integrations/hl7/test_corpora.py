"""Messages nobody here wrote: each is answered with a legal acknowledgement, and orders are read right."""

from __future__ import annotations

from pathlib import Path

import pytest
from hl7apy.consts import VALIDATION_LEVEL
from hl7apy.parser import parse_message

from archive.mpi.models import Patient
from archive.orders.models import Order
from common.errors import InvalidInput
from integrations.hl7.acks import CONDITIONS
from integrations.hl7.dispatch import handled_triggers, receive
from integrations.hl7.fields import read_header
from integrations.hl7.models import Link, MessageLog
from tests.integrations.hl7.messages import his_link, read

CODES = {"AA", "AE", "AR", "CA", "CE", "CR"}


def let_in(cast, data: bytes) -> None:
    """Set up a link for whoever sent this."""
    try:
        header = read_header(data)
    except InvalidInput:
        return
    application, facility = (header[n].component(1) or header[n].component(2) for n in (3, 4))
    if not Link.objects.filter(sending_application=application, sending_facility=facility).exists():
        his_link(
            cast,
            name=f"link-{Link.objects.count()}",
            sending_application=application,
            sending_facility=facility,
        )


@pytest.fixture
def corpus(shared_data: Path) -> list[Path]:
    return sorted((shared_data / "hl7").rglob("*.hl7"))


@pytest.mark.parametrize("known_sender", [False, True], ids=["stranger", "known sender"])
def test_every_message_of_the_corpora_is_kept_and_answered_legally(cast, corpus, known_sender):
    assert len(corpus) == 99
    for path in corpus:
        data = path.read_bytes()
        if known_sender and b"MSH" in data[:10]:
            let_in(cast, data)
        answer = receive(data)

        reply = read(answer)
        row = MessageLog.objects.latest("pk")
        assert bytes(row.raw) == data, path.name
        assert reply["MSA"][1].value in CODES, path.name
        assert reply["MSA"][2].raw, path.name
        assert row.status != "failed", path.name
        if reply["MSA"][1].value[1] == "A":
            assert row.message_type in handled_triggers(), path.name
            continue
        condition = row.error_condition
        assert condition in CONDITIONS, path.name
        if row.message_type and row.message_type not in handled_triggers() and known_sender:
            assert condition in {"200", "201", "101"}, path.name


def test_answers_to_the_corpora_are_valid_by_an_independent_parser(cast, corpus):
    checked = 0
    for path in corpus:
        data = path.read_bytes()
        if b"|2.5.1" not in data[:300]:
            continue
        let_in(cast, data)
        answer = receive(data).decode("latin-1").strip("\r")
        message = parse_message(answer, validation_level=VALIDATION_LEVEL.TOLERANT)
        assert message.validate(), path.name
        checked += 1
    assert checked > 10


@pytest.mark.parametrize("name", ["OMI_O23-ImagingOrder", "ORM_O01-GeneralOrder"])
def test_the_archives_own_sample_orders_are_read_right(cast, shared_data, name):
    """PID-3 is of ADT1, which is made a site here. Both files carry OMI^O23; one has IPC, one OBR and ZDS."""
    cast.county.authority_namespace = "ADT1"
    cast.county.save()
    data = (shared_data / "hl7" / "imaging" / f"{name}.hl7").read_bytes()
    let_in(cast, data)

    reply = read(receive(data))

    assert reply["MSA"][1].value == "AA"
    made = Order.objects.get()
    assert made.placer_order_number == "PlacerOrderNumberImagingServiceRequest"
    assert made.accession_number == "AccessionNumber"
    assert made.requested_procedure_id == "RequestedProcID"
    assert made.study_instance_uid == "1.2.392.200036.9125.0.198811291108.7"
    assert (made.procedure_code, made.procedure_description) == ("10637-7", "Microscopic Observation")
    assert made.referring_physician == "ReferringPhysicianFN ReferringPhysicianGN"
    dash = "–".encode().decode("latin-1")  # MSH-18 says 8859/1, and we take the sender at its word
    assert (
        made.reason == f"Rheumatoid, other arthritis with motor score from 12 {dash}35.,comorbidity in tier 3"
    )
    assert made.steps.get().modality == "CT"
    patient = Patient.objects.get()
    assert (patient.family_name, patient.given_name, patient.sex) == ("Smith", "Lucy", "F")
    assert patient.identifiers.get().value == "PID_1"
