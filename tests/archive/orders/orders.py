"""Orders for tests: one believable order, with whatever a test wants different."""

from __future__ import annotations

import datetime as dt

from accounts.actors import SystemActor
from archive.mpi.models import Patient
from archive.mpi.services import register_patient
from archive.orders.models import Order
from archive.orders.services import receive_order
from common.identifiers import Authority, Identifier
from tests.personas import Cast

HIS = SystemActor("hl7:county-his", "county")
MOMENT = dt.datetime(2026, 3, 2, 1, 30, tzinfo=dt.UTC)  # 09:30 in the region


def make_patient(cast: Cast, number: str = "1001", **changes: object) -> Patient:
    facts: dict[str, object] = {
        "identifiers": [Identifier(number, Authority("COUNTY", "2.25.1002", "ISO"))],
        "site": cast.county,
        "family_name": "Zhang",
        "given_name": "Wei",
        "ideographic_name": "张伟",
        "birth_date": dt.date(1958, 4, 12),
        "sex": "M",
        "actor": HIS,
        "source": "hl7:county-his",
    }
    return register_patient(**(facts | changes))  # type: ignore[arg-type]


def place_order(cast: Cast, patient: Patient | None = None, **changes: object) -> Order:
    facts: dict[str, object] = {
        "site": cast.county,
        "patient": patient or make_patient(cast),
        "placer_order_number": "PO-1",
        "procedure_code": "CONSULT-CT-CHEST",
        "procedure_description": "CT chest",
        "service": "remote_consultation",
        "priority": "ROUTINE",
        "modality": "CT",
        "scheduled_at": MOMENT,
        "ordered_at": MOMENT,
        "actor": HIS,
    }
    return receive_order(**(facts | changes))  # type: ignore[arg-type]
