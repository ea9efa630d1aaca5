"""Programs that act as people, by access tokens."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import Person
from accounts.tokens import issue_token
from tests.personas import Cast

ProgramOf = Callable[[Person], Client]


@pytest.fixture
def program_of(cast: Cast) -> ProgramOf:
    def acting_as(person: Person) -> Client:
        _token, secret = issue_token(person, label="test", lasts=dt.timedelta(days=366))
        return Client(headers={"Authorization": f"Bearer {secret}", "Accept": "application/dicom+json"})

    return acting_as


@pytest.fixture
def theo(cast: Cast, program_of: ProgramOf) -> Client:
    """A program of Theo's, who may perform workitems of the county hospital."""
    return program_of(cast.theo)


@pytest.fixture
def otto(cast: Cast, program_of: ProgramOf) -> Client:
    """A program of Otto's, of another hospital."""
    return program_of(cast.otto)
