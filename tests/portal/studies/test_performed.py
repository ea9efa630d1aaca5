"""A study's page tells what the modality said it did."""

from __future__ import annotations

from django.urls import reverse

from archive.orders.models import PerformedProcedureStep
from archive.orders.performed import Performed, Scheduled, start_step
from common import clock
from tests.portal.stored_images import MODALITY, store_ct


def perform(cast, uid: str, *, study: str) -> None:
    performed = Performed(
        performed_procedure_step_id="1", station_ae_title="CT_ROOM_7", modality="CT",
        status=PerformedProcedureStep.Status.IN_PROGRESS, started_at=clock.now(), scheduled=(Scheduled(study),),
    )  # fmt: skip
    start_step(uid, performed, site=cast.county, said_by="CT1", actor=MODALITY)


def test_performed_steps_of_the_study_are_shown_and_no_others(cast, browser_of):
    store_ct(cast.county)
    perform(cast, "1.2.9", study="1.2.3")
    perform(cast, "1.2.10", study="1.2.4")

    page = browser_of(cast.theo).get(reverse("study", args=["1.2.3"])).content.decode()

    assert page.count("CT_ROOM_7") == 1
    assert "In progress" in page


def test_a_study_without_performed_steps_has_no_such_card(cast, browser_of):
    store_ct(cast.county)
    assert (
        "study-performed" not in browser_of(cast.theo).get(reverse("study", args=["1.2.3"])).content.decode()
    )
