"""What every test may ask for: the cast, a clock to move, and an object store of its own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import TransactionTestCase
from django.utils import translation
from pytest_django import DjangoDbBlocker, Settings
from xdist.remote import Producer

from accounts.models import Membership, Person, Role
from archive.lifecycle import nudging as lifecycle
from common import clock as product_clock
from compute import services as compute
from events import services as events
from integrations.dicom.nodes import check as node_checks
from integrations.dicom.notices import delivery as dicom
from integrations.hl7 import delivery as hl7
from integrations.routing import queueing as routing
from integrations.webhooks import delivery as webhooks
from notifications import services as notifications
from tests.emptying import empty_tables
from tests.personas import Cast, make_cast
from tests.scheduling import FileByFile, long_ones_first
from tests.schema import drop_at_once, migrated_template
from workflows import stepping
from workflows.locks import warm_runs
from workflows.stepping.first import KEYS


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None,
    django_db_use_migrations: bool,
    django_db_blocker: DjangoDbBlocker,
) -> None:
    """Test databases are copies of one that was migrated; pytest-django asks this before it makes them."""
    if django_db_use_migrations:
        with django_db_blocker.unblock():
            connection.settings_dict["TEST"] |= {"TEMPLATE": migrated_template(), "MIGRATE": False}
    creation: Any = connection.creation
    creation._destroy_test_db = drop_at_once


@pytest.fixture(autouse=True, scope="session")
def only_written_tables_are_emptied() -> Iterator[None]:
    """After a test that commits."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", empty_tables)
        yield


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


@pytest.fixture
def li(cast: Cast) -> Person:
    """A second radiologist of the provincial hospital."""
    person = Person.objects.create_user("li", display_name="Li")
    Membership.objects.create(person=person, site=cast.provincial, role=Role.RADIOLOGIST)
    return person


class Clock:
    """The product's clock, standing still until a test moves it."""

    def __init__(self) -> None:
        self.now = dt.datetime(2026, 3, 2, 8, 0, tzinfo=dt.UTC)

    def advance(self, span: dt.timedelta) -> None:
        self.now += span


@pytest.fixture
def clock() -> Iterator[Clock]:
    moved = Clock()
    product_clock.use_source(lambda: moved.now)
    yield moved
    product_clock.use_source(None)


@pytest.fixture(scope="session")
def storages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where the next object store may be made; a folder that is not there yet."""
    folder = tmp_path_factory.mktemp("storages", numbered=False)
    return (folder / str(number) for number in count())


@pytest.fixture(autouse=True)
def own_storage(settings: Settings, storages: Iterator[Path]) -> Path:
    """The folder of this test's object store."""
    folder = next(storages)
    settings.STORAGE_URL = f"file://{folder}"
    return folder


@pytest.fixture(autouse=True)
def own_language() -> None:
    """A page that was asked for in Chinese leaves its language to whatever runs in the thread next."""
    translation.deactivate()


@pytest.fixture(autouse=True)
def cold_runs() -> None:
    """Keys of instances come again in the next test, and are other instances then."""
    warm_runs.forget()
    KEYS.forget()


@pytest.fixture(autouse=True, scope="session")
def no_broker_nudges() -> None:
    """Tests perform deliveries and steps themselves, so nothing is left to a worker elsewhere."""
    compute.use_nudge(None)
    dicom.use_nudge(None)
    events.use_nudge(None)
    hl7.use_nudge(None)
    lifecycle.use_nudge(None)
    node_checks.use_nudge(None)
    notifications.use_nudge(None)
    routing.use_nudge(None)
    stepping.use_nudge(None)
    webhooks.use_nudge(None)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real and reference input kept beside the repository; tests that need it say so where it is absent."""
    folder = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the shared test data is not beside this checkout")
    return folder


@pytest.fixture
def table() -> Iterator[list[tuple[str, ...]]]:
    """Rows a test fills as its output: `pytest -rP` shows them."""
    rows: list[tuple[str, ...]] = []
    yield rows
    for row in rows:
        print(" | ".join(row))  # noqa: T201 - this is what was asked for


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> FileByFile:
    return FileByFile(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Drills take minutes: they run when they are asked for by their mark."""
    long_ones_first(items)
    if "drill" not in config.option.markexpr:
        for item in items:
            if item.get_closest_marker("drill"):
                item.add_marker(pytest.mark.skip(reason="a drill: run by `pytest -m drill`"))
