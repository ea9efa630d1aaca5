"""Programs that act as people, by access tokens."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client

from accounts.tokens import issue_token


@pytest.fixture
def program_of(cast):
    def acting_as(person) -> Client:
        _token, secret = issue_token(person, label="test", lasts=dt.timedelta(days=366))
        return Client(headers={"Authorization": f"Bearer {secret}", "Accept": "application/dicom+json"})

    return acting_as


@pytest.fixture
def theo(cast, program_of) -> Client:
    """A program of Theo's, who may perform workitems of the county hospital."""
    return program_of(cast.theo)


@pytest.fixture
def otto(cast, program_of) -> Client:
    """A program of Otto's, of another hospital."""
    return program_of(cast.otto)
