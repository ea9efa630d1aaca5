"""Whose session it is, told by one statement and never from memory alone."""

from __future__ import annotations

import datetime as dt

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.sessions import person_of_session
from common import clock
from tests.personas import Cast


@pytest.fixture
def signed_in(cast: Cast) -> tuple[Client, str]:
    browser = Client()
    browser.force_login(cast.theo)
    return browser, browser.cookies["sessionid"].value


def test_a_session_speaks_for_who_signed_in_with_it(cast: Cast, signed_in) -> None:
    assert person_of_session(signed_in[1]) == cast.theo


def test_a_known_session_takes_one_statement(cast: Cast, signed_in) -> None:
    person_of_session(signed_in[1])

    with CaptureQueriesContext(connection) as captured:
        assert person_of_session(signed_in[1]) == cast.theo
    assert len(captured) == 1


def test_who_signs_out_is_nobody_at_once(signed_in) -> None:
    browser, key = signed_in
    assert person_of_session(key)

    browser.logout()

    assert person_of_session(key) is None


def test_a_session_that_has_run_out_is_nobodys(signed_in) -> None:
    assert person_of_session(signed_in[1])

    Session.objects.update(expire_date=clock.now() - dt.timedelta(seconds=1))

    assert person_of_session(signed_in[1]) is None


def test_a_closed_account_and_a_new_password_end_what_was_signed_in_before(cast: Cast, signed_in) -> None:
    key = signed_in[1]
    assert person_of_session(key)

    cast.theo.set_password("another-long-password")
    cast.theo.save()
    assert person_of_session(key) is None

    browser = Client()
    browser.force_login(cast.theo)
    fresh = browser.cookies["sessionid"].value
    assert person_of_session(fresh) == cast.theo
    cast.theo.is_active = False
    cast.theo.save()
    assert person_of_session(fresh) is None


def test_a_key_whose_session_has_become_anothers_speaks_for_the_other(cast: Cast, signed_in) -> None:
    key = signed_in[1]
    assert person_of_session(key) == cast.theo
    browser = Client()
    browser.force_login(cast.rosa)
    data = Session.objects.get(session_key=browser.cookies["sessionid"].value).session_data

    Session.objects.filter(session_key=key).update(session_data=data)

    assert person_of_session(key) == cast.rosa


@pytest.mark.parametrize("data", ["", "nothing", "e30:forged:signature"])
def test_what_nobody_signed_in_with_is_nobodys(signed_in, data: str) -> None:
    Session.objects.filter(session_key=signed_in[1]).update(session_data=data)

    assert person_of_session(signed_in[1]) is None


@pytest.mark.django_db
@pytest.mark.parametrize("key", [None, "", "unknown", "x" * 5000])
def test_a_key_of_no_session_is_nobodys(key: str | None) -> None:
    assert person_of_session(key) is None
