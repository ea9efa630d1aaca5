from __future__ import annotations

from collections.abc import Callable

import pytest
from rest_framework.test import APIClient

from accounts.models import Person
from archive.orders.models import Order
from archive.studies.models import Series
from tests.archive.orders.orders import make_patient, place_order
from tests.portal.stored_images import store_ct


@pytest.fixture
def as_person(db: None) -> Callable[[Person], APIClient]:
    """A program that has signed in as a person."""

    def sign_in(person: Person) -> APIClient:
        client = APIClient()
        client.force_login(person)
        return client

    return sign_in


@pytest.fixture
def order(cast) -> Order:
    return place_order(cast, make_patient(cast, "C-1001"), service="imaging")


@pytest.fixture
def series(cast, order) -> Series:
    """Three slices that answer the order."""
    return store_ct(cast.county, study=order.study_instance_uid, series="1.2.3.4")
