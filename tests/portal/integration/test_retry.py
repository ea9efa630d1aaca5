"""A failed step is tried again from its incident, by those who look after cases of the site."""

from __future__ import annotations

import uuid

import pytest

from accounts.models import AuditEvent, Membership, Role
from common import clock
from tests.portal.cases_in_work import make_order
from tests.portal.real_case import case_to_assign
from workflows.models import Incident, ServiceTaskRun


@pytest.fixture
def incident(cast) -> Incident:
    case = case_to_assign(cast, make_order(cast))
    run = ServiceTaskRun.objects.filter(instance=case).latest("pk")
    ServiceTaskRun.objects.filter(pk=run.pk).update(status="failed", attempts=5)
    return Incident.objects.create(
        instance=case, element_id=run.element_id, code="EMR_AWAY", message="The medical record does not answer",
        task_uid=run.uid, opened_at=clock.now(),
    )  # fmt: skip


@pytest.fixture
def operator(cast):
    Membership.objects.create(person=cast.ines, site=cast.county, role=Role.ADMINISTRATOR)
    return cast.ines


def test_an_operator_of_the_site_has_the_step_tried_again(cast, client, operator, incident):
    client.force_login(operator)
    page = client.get(f"/incidents/{incident.pk}/").content.decode()

    answer = client.post(f"/incidents/{incident.pk}/retry/", follow=True)

    assert "Try again" in page
    assert "The step is tried again." in answer.content.decode()
    run = ServiceTaskRun.objects.get(pk=incident.task_uid)
    assert run.status != "failed"
    assert AuditEvent.objects.get(action="step.retried").person == operator


def test_what_has_not_failed_is_refused_in_words(cast, client, operator, incident):
    ServiceTaskRun.objects.filter(pk=incident.task_uid).update(status="queued")
    client.force_login(operator)

    answer = client.post(f"/incidents/{incident.pk}/retry/", follow=True)

    assert "This step has not failed." in answer.content.decode()
    assert "Try again" not in answer.content.decode()


def test_who_only_sees_the_case_cannot(cast, client, incident):
    client.force_login(cast.rafael)

    assert "Try again" not in client.get(f"/incidents/{incident.pk}/").content.decode()
    assert client.post(f"/incidents/{incident.pk}/retry/").status_code == 404
    assert ServiceTaskRun.objects.get(pk=incident.task_uid).status == "failed"


def test_otto_finds_no_such_incident(cast, client, incident):
    client.force_login(cast.otto)

    assert client.post(f"/incidents/{incident.pk}/retry/").status_code == 404


def test_an_incident_about_no_step_offers_nothing_to_try(cast, client, operator, incident):
    Incident.objects.update(task_uid=None)
    client.force_login(operator)

    assert "Try again" not in client.get(f"/incidents/{incident.pk}/").content.decode()


def test_the_case_itself_says_that_it_stands_still(cast, client, operator, incident):
    client.force_login(cast.rafael)
    page = client.get(f"/cases/{incident.instance.uid}/").content.decode()

    assert "A step stands still" in page
    assert "The medical record does not answer" in page


def test_an_unknown_incident_is_not_there(client, operator):
    client.force_login(operator)

    assert client.post(f"/incidents/{uuid.uuid4().int % 10**6}/retry/").status_code == 404
