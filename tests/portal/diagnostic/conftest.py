"""Browsers for the viewer that set-up builds, and a small site in place of it."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import Client
from playwright.sync_api import Browser, sync_playwright
from pytest_django import Settings

from accounts.models import Person
from tests.personas import Cast, make_cast
from tests.portal.chromium import CHROMIUM
from tests.portal.diagnostic.window import PATIENCE_MS, Window

ARGUMENTS = [
    "--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage",
    "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist",
]  # fmt: skip


@pytest.fixture
def small_site(tmp_path: Path, settings: Settings) -> Path:
    """Two scripts and a picture under release `r1`."""
    folder = tmp_path / "ohif"
    files = folder / "files"
    (files / "assets").mkdir(parents=True)
    (files / "app.js").write_text("let a = 1;")
    (files / "app.js.gz").write_bytes(gzip.compress(b"let a = 1;"))
    (files / "app-config.js").write_text("let b = 2;")
    (files / "assets" / "favicon.ico").write_bytes(b"icon")
    facts = {
        "release": "r1", "version": "3.13.2", "scripts": ["app-config.js", "app.js"], "styles": ["app.css"],
        "joined_styles": ["1.css"], "later": ["8097.js", "codec.wasm"],
        "files": {"app.js": ["gz"], "app-config.js": [], "assets/favicon.ico": []},
    }  # fmt: skip
    (folder / "site.json").write_text(json.dumps(facts))
    settings.OHIF_ROOT = folder
    return folder


@pytest.fixture
def live_cast(transactional_db: None) -> Cast:
    return make_cast()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield running
        running.close()


@pytest.fixture
def window_of(live_server: Any, browser: Browser) -> Iterator[Callable[[Person | None], Window]]:
    contexts = []

    def open_window(person: Person | None) -> Window:
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        contexts.append(context)
        context.set_default_timeout(PATIENCE_MS)
        if person is not None:
            client = Client()
            client.force_login(person)
            cookie = client.cookies[django_settings.SESSION_COOKIE_NAME].value
            context.add_cookies(
                [{"name": django_settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}]
            )
        window = Window(context.new_page(), live_server.url)
        window.watch(window.page)
        return window

    yield open_window
    for context in contexts:
        context.close()
