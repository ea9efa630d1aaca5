"""A browser of each person, and Chinese ready to be read."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from babel.messages.mofile import write_mo
from django.conf import settings
from django.test import Client
from django.utils.translation import trans_real

from accounts.models import Person
from config.messages import catalog_path, read_catalog


@pytest.fixture(scope="session", autouse=True)
def compiled_translations() -> None:
    """Compile the catalogue as set-up does, so that tests read today's words."""
    path = catalog_path(settings.BASE_DIR, "zh_Hans")
    compiled = path.with_suffix(".mo")
    if compiled.exists() and compiled.stat().st_mtime >= path.stat().st_mtime:
        return
    with compiled.open("wb") as file:
        write_mo(file, read_catalog(settings.BASE_DIR, "zh_Hans"))
    trans_real._translations.clear()  # type: ignore[attr-defined]


@pytest.fixture
def browser_of(client: Client) -> Callable[..., Client]:
    """A signed-in browser of a person, in a language."""

    def sign_in(person: Person, *, language: str = "en") -> Client:
        person.language = language
        person.save(update_fields=["language"])
        client.force_login(person)
        return client

    return sign_in
