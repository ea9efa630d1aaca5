"""Incidents by REST: to those who see the case or look after its site, and nobody else."""

from __future__ import annotations

import pytest

from common import clock
from tests.archive.orders.orders import place_order
from tests.portal.cases_in_work import make_case
from workflows.models import Incident


@pytest.fixture
def incident(cast) -> Incident:
    return Incident.objects.create(
        instance=make_case(place_order(cast, service="imaging")), element_id="SendReport", code="STEP_OVERDUE",
        message="has not answered in time", opened_at=clock.now(),
    )  # fmt: skip


def test_open_incidents_are_listed_and_resolved_ones_when_asked_for(cast, as_person, incident):
    rafael = as_person(cast.rafael)
    (row,) = rafael.get("/api/incidents/").data["results"]
    assert (row["code"], row["case"]) == ("STEP_OVERDUE", str(incident.instance.uid))
    assert "message" not in row

    Incident.objects.update(resolved_at=clock.now())
    assert rafael.get("/api/incidents/").data["results"] == []
    assert len(rafael.get("/api/incidents/?show=all").data["results"]) == 1


def test_otto_sees_no_incident(cast, as_person, incident):
    otto = as_person(cast.otto)
    assert otto.get("/api/incidents/").data["results"] == []
    assert otto.get(f"/api/incidents/{incident.pk}/").status_code == 404
