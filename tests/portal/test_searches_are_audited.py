"""Who went through lists of patients: a line each time, with how many were shown and never what was typed."""

from __future__ import annotations

import pytest

from accounts.models import AuditEvent
from tests.archive.orders.orders import make_patient, place_order


@pytest.fixture
def rafael(cast, client):
    place_order(cast, make_patient(cast, "C-1001"), service="imaging")
    client.force_login(cast.rafael)
    return client


@pytest.mark.parametrize(
    ("address", "action"),
    [
        ("/search/?q=Zhang", "patients.searched"),
        ("/patients/?q=Zhang", "patients.searched"),
        ("/patients/", "patients.listed"),
        ("/studies/?q=Zhang", "patients.searched"),
        ("/studies/", "patients.listed"),
        ("/api/patients/?name=Zhang", "patients.searched"),
        ("/api/patients/", "patients.listed"),
    ],
)
def test_a_list_of_patients_leaves_its_line(cast, rafael, address, action):
    assert rafael.get(address).status_code == 200

    line = AuditEvent.objects.get(action__startswith="patients.")
    assert (line.action, line.person) == (action, cast.rafael)
    assert "Zhang" not in str(line.detail)


def test_the_line_tells_how_many_were_found(rafael):
    rafael.get("/search/?q=Zhang")
    rafael.get("/search/?q=Nobody")

    lines = AuditEvent.objects.filter(action="patients.searched").order_by("pk")
    assert [line.detail["patients"] for line in lines] == [1, 0]


def test_the_empty_search_page_is_no_search(rafael):
    rafael.get("/search/")

    assert not AuditEvent.objects.filter(action="patients.searched").exists()
