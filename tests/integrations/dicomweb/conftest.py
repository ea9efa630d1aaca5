"""Programs that act as people, by access tokens."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.cache import cache
from django.test import Client

from accounts.tokens import issue_token
from integrations.dicomweb.retrieve import trail
from tests.integrations.dicomweb.storing import RELATED, STUDIES


@pytest.fixture(autouse=True)
def nothing_noted_before():
    """What an earlier run noted in this hour is kept for the hour: people's numbers come again, in a new database."""
    cache.clear()
    trail._noted.clear()


@pytest.fixture
def program_of(cast):
    """A program that acts as a person."""

    def acting_as(person) -> Client:
        _token, secret = issue_token(person, label="test", lasts=dt.timedelta(days=1))
        return Client(headers={"Authorization": f"Bearer {secret}", "Accept": "application/dicom+json"})

    return acting_as


@pytest.fixture
def post_as(program_of):
    """A program that stores as a person."""

    def as_person(person):
        client = program_of(person)

        def post(body, path=STUDIES, content_type=RELATED, **more):
            return client.post(path, data=body, content_type=content_type, **more)

        return post

    return as_person


@pytest.fixture
def theo(cast, post_as):
    """Theo's program, at the one hospital where he may store."""
    return post_as(cast.theo)
