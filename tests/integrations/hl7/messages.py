"""Links and messages for tests."""

from __future__ import annotations

import datetime as dt
import uuid

from accounts.actors import SystemActor
from archive.reports.models import Report
from integrations.hl7.fields import Message, parse
from integrations.hl7.models import Link
from integrations.simulators.his import ImagingOrder, build_order
from tests.personas import Cast
from workflows.service_tasks import TaskContext

WORKFLOW = SystemActor("workflow")

CONSULTATION = "CONSULT-CT-CHEST"
ORDER = ImagingOrder(patient_id="1001", procedure=CONSULTATION, placer_order_number="PO-1")


def his_link(cast: Cast, **changes: object) -> Link:
    """The county's HIS, as the demo region has it."""
    facts: dict[str, object] = {
        "name": "county-his",
        "site": cast.county,
        "direction": Link.Direction.INBOUND,
        "sending_application": "HIS",
        "sending_facility": "COUNTY",
        "consultation_codes": [CONSULTATION],
    }
    return Link.objects.create(**(facts | changes))


def emr_link(cast: Cast, port: int, **changes: object) -> Link:
    """The county's EMR, listening on `port`."""
    facts: dict[str, object] = {
        "name": "county-emr",
        "site": cast.county,
        "direction": Link.Direction.OUTBOUND,
        "receiving_application": "EMR",
        "receiving_facility": "COUNTY",
        "host": "127.0.0.1",
        "port": port,
    }
    return Link.objects.create(**(facts | changes))


def order_message(order: ImagingOrder = ORDER, *, control_id: str = "M1") -> bytes:
    return build_order(order, control_id=control_id, written_at=dt.datetime(2026, 3, 2, 8, tzinfo=dt.UTC))


def adt(
    pid: str = "PID|1||1001^^^COUNTY^MR||Zhang^Wei||19580412|M",
    *,
    control_id: str = "A1",
    event: str = "A08",
    sender: str = "HIS|COUNTY",
    version: str = "2.5.1",
    extra: str = "",
) -> bytes:
    msh = f"MSH|^~\\&|{sender}|CONSILIUM|REGION|20260302080000||ADT^{event}|{control_id}|P|{version}{extra}"
    return f"{msh}\rEVN|{event}|20260302080000\r{pid}\r".encode()


def context(report: Report, run_uid: uuid.UUID | None = None) -> TaskContext:
    """What the step that sends a report is given."""
    return TaskContext(
        instance_uid=uuid.uuid4(),
        run_uid=run_uid or uuid.uuid4(),
        element_id="SendReport",
        trace_id=report.trace_id,
        site_code="county",
        subjects={},
        attempt=1,
        actor=WORKFLOW,
    )


def read(answer: bytes) -> Message:
    return parse(answer)


def verdict(answer: bytes) -> tuple[str, str, str]:
    """MSA-1, ERR-3.1 and ERR-2 of an acknowledgement."""
    reply = parse(answer)
    return reply["MSA"][1].value, reply["ERR"][3].value, reply["ERR"][2].raw
