"""Pages stay light: what the browser fetches before the first image, compressed as the front door does."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.test import Client

from tests.personas import Cast
from tests.portal.cases_in_work import make_case, make_order, offer_task

BUDGET_BYTES = 300_000
FRAME = (
    "portal/dist/portal.js", "portal/dist/icons.svg", "portal/logo.svg", "portal/css/tokens.css",
    "portal/css/base.css", "portal/css/shell.css", "portal/css/components.css",
)  # fmt: skip
LIST = ("portal/css/lists.css", "portal/dist/inbox.js")
CASE = (
    "portal/css/case.css", "portal/dist/diagram.css", "portal/dist/case.js", "portal/viewer/viewer.css",
    "portal/dist/stack.js",
)  # fmt: skip


def weight(*names: str) -> int:
    return sum(len(gzip.compress(_file(name).read_bytes(), 6)) for name in names)


def _file(name: str) -> Path:
    found = finders.find(name)
    if not isinstance(found, str):
        pytest.skip(f"{name} is not built: run ./consilium up once")
    return Path(found)


def test_the_first_page_fits_its_budget(cast: Cast, browser_of: Callable[..., Client]) -> None:
    offer_task(make_case(make_order(cast)), site=cast.provincial)
    page = browser_of(cast.rosa).get("/")

    named = page.content.decode()
    assert all(name in named for name in FRAME + LIST)
    assert len(gzip.compress(page.content)) + weight(*FRAME, *LIST) < BUDGET_BYTES


def test_the_page_of_a_case_fits_its_budget(cast: Cast, browser_of: Callable[..., Client]) -> None:
    case = make_case(make_order(cast))
    browser = browser_of(cast.rafael)
    page, diagram = browser.get(f"/cases/{case.uid}/"), browser.get(f"/cases/{case.uid}/diagram.json")

    named = page.content.decode()
    assert all(name in named for name in FRAME + CASE)
    documents = len(gzip.compress(page.content)) + len(gzip.compress(diagram.content))
    assert documents + weight(*FRAME, *CASE) < BUDGET_BYTES
