"""A series to retrieve, and Theo who may, by a session."""

from __future__ import annotations

import pytest

from tests.archive.studies.objects import ct_slice
from tests.integrations.dicomweb.retrieve.stored_series import store


@pytest.fixture
def series(cast) -> None:
    store(cast, *(ct_slice(number) for number in (1, 2, 3)))


@pytest.fixture
def theo(client, cast):
    client.force_login(cast.theo)
    return client
