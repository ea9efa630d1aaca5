"""Notices, commitments and performed steps by REST."""

from __future__ import annotations

import pytest

from accounts.models import Membership, Role
from archive.orders.models import PerformedProcedureStep
from archive.orders.performed import Performed, Scheduled, start_step
from common import clock
from common.errors import InvalidInput
from integrations.dicom.models import AERole, ApplicationEntity, Commitment, Notice
from integrations.dicom.notices.delivery import put_back, queue_notice
from tests.portal.stored_images import MODALITY, store_ct


@pytest.fixture
def vault(cast):
    Membership.objects.create(person=cast.ivo, site=cast.county, role=Role.INTEGRATOR)
    return ApplicationEntity.objects.create(
        ae_title="VAULT", site=cast.county, roles=[AERole.COMMITMENT_SCP], host="127.0.0.1", port=104
    )


def test_a_dead_letter_is_listed_and_sent_once_more(vault, cast, client):
    notice = queue_notice(vault, Notice.Kind.AVAILABILITY, {}, lane="x", study_instance_uid="1.2.3")
    put_back(notice, InvalidInput("no", code="STATUS_0106"))
    client.force_login(cast.ivo)

    (dead,) = client.get("/api/notices/", {"state": "given_up"}).json()["results"]
    assert (dead["node"], dead["error_code"]) == ("VAULT", "STATUS_0106")
    assert client.post(f"/api/notices/{notice.pk}/resend/").json()["failed_at"] is None
    assert client.post(f"/api/notices/{notice.pk}/resend/").status_code == 409


def test_a_node_is_asked_to_commit_to_a_study(vault, cast, client):
    store_ct(cast.county)
    client.force_login(cast.theo)

    made = client.post(
        "/api/commitments/", {"node": "VAULT", "study": "1.2.3"}, content_type="application/json"
    ).json()

    assert (made["instances"], made["state"], made["direction"]) == (3, "asked", "theirs")
    assert Notice.objects.get().kind == "commitment_request"
    assert [one["uid"] for one in client.get("/api/commitments/").json()["results"]] == [made["uid"]]


@pytest.mark.parametrize("person", ["otto", "rafael"])
def test_who_has_no_business_sees_and_asks_nothing(vault, cast, client, person):
    store_ct(cast.county)
    queue_notice(vault, Notice.Kind.AVAILABILITY, {}, lane="x")
    client.force_login(getattr(cast, person))

    assert client.get("/api/notices/").json()["results"] == []
    assert (
        client.post(
            "/api/commitments/", {"node": "VAULT", "study": "1.2.3"}, content_type="application/json"
        ).status_code
        == 404
    )
    assert not Commitment.objects.exists()


def test_performed_steps_are_seen_by_those_who_see_orders(cast, client):
    performed = Performed(
        performed_procedure_step_id="1", station_ae_title="CT1", modality="CT",
        status=PerformedProcedureStep.Status.IN_PROGRESS, started_at=clock.now(), scheduled=(Scheduled("1.2.3"),),
    )  # fmt: skip
    start_step("1.2.9", performed, site=cast.county, said_by="CT1", actor=MODALITY)
    client.force_login(cast.theo)
    (step,) = client.get("/api/performed-steps/", {"study": "1.2.3"}).json()["results"]
    assert (step["status"], step["said_by"]) == ("IN PROGRESS", "CT1")

    client.force_login(cast.otto)
    assert client.get("/api/performed-steps/").json()["results"] == []
