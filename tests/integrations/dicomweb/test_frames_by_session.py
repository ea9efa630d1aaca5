"""Who asks for a frame with a session, and what they may see, are told by one statement: each as strictly as by two."""

from __future__ import annotations

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Person
from tests.integrations.dicomweb.answers import body_of
from tests.integrations.dicomweb.test_statements import OCTETS, OF_IMAGE, OF_SERIES, fill

FRAME = f"{OF_IMAGE}/frames/1"


@pytest.fixture
def signed_in(cast):
    """A browser in which a person is signed in, where the county hospital has a series."""
    fill(cast, range(1, 2))

    def browser(person: Person) -> Client:
        client = Client(headers={"Accept": OCTETS})
        client.force_login(person)
        return client

    return browser


def test_a_frame_takes_one_statement(cast, signed_in):
    browser = signed_in(cast.theo)
    body_of(browser.get(FRAME))

    with CaptureQueriesContext(connection) as captured:
        response = browser.get(FRAME)
        assert body_of(response)

    assert response.status_code == 200
    assert len(captured) == 1


def test_who_may_not_see_the_study_is_told_that_there_is_none(cast, signed_in):
    assert signed_in(cast.theo).get(FRAME).status_code == 200

    assert signed_in(cast.otto).get(FRAME).status_code == 404


def test_what_is_not_there_and_what_is_no_uid_are_told_apart(cast, signed_in):
    browser = signed_in(cast.theo)

    assert browser.get(f"{OF_SERIES}/instances/1.2.3/frames/1").status_code == 404
    assert browser.get(f"{OF_SERIES}/instances/none/frames/1").status_code == 400


def test_who_is_signed_out_gets_no_frame_more(cast, signed_in):
    browser = signed_in(cast.theo)
    assert browser.get(FRAME).status_code == 200

    Session.objects.all().delete()

    assert browser.get(FRAME).status_code == 401
    assert browser.get(f"{OF_SERIES}/instances/none/frames/1").status_code == 401


def test_a_session_that_has_become_anothers_sees_what_the_other_may_see(cast, signed_in):
    mine, others = signed_in(cast.theo), signed_in(cast.otto)
    assert mine.get(FRAME).status_code == 200
    data = Session.objects.get(session_key=others.cookies["sessionid"].value).session_data

    Session.objects.filter(session_key=mine.cookies["sessionid"].value).update(session_data=data)

    assert mine.get(FRAME).status_code == 404


def test_who_lost_the_role_sees_nothing_from_that_moment_on(cast, signed_in):
    browser = signed_in(cast.theo)
    assert browser.get(FRAME).status_code == 200

    cast.theo.memberships.all().delete()

    assert browser.get(FRAME).status_code == 404
