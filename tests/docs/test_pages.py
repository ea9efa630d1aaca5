"""The documentation is whole: every page is in the index once, every setting listed, every link leads somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


def names_read_by_settings() -> set[str]:
    """What config/settings asks the environment for."""
    sources = (path.read_text() for path in (ROOT / "config" / "settings").glob("*.py"))
    return {name for source in sources for name in re.findall(r"\benv\.\w+\(\s*\"([A-Z0-9_]+)\"", source)}


def names_listed() -> list[str]:
    """The variables in the first column of the page's tables."""
    page = (DOCS / "operations" / "settings.md").read_text()
    rows = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `")]
    return [name for cell in rows for name in re.findall(r"`([A-Z0-9_]+)`", cell)]


def test_every_page_is_in_the_index_once():
    named = [DOCS / link for link in LINK.findall((DOCS / "README.md").read_text()) if link.endswith(".md")]
    own = [path.resolve() for path in named if DOCS.resolve() in path.resolve().parents]
    assert sorted(own) == sorted(page.resolve() for page in PAGES if page != DOCS / "README.md")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(DOCS).as_posix())
def test_links_between_pages_lead_somewhere(page):
    links = [link for link in LINK.findall(page.read_text()) if "://" not in link]
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_tests_that_the_bpmn_table_names_are_there():
    rows = [
        line for line in (DOCS / "conformance" / "bpmn.md").read_text().splitlines() if line.startswith("|")
    ]
    named = {name for row in rows for name in re.findall(r"`((?:\w+/)*test_\w+\.py)`", row)}

    assert len(named) > 20
    assert [name for name in sorted(named) if not (ROOT / "tests" / "workflows" / name).exists()] == []


def test_every_setting_is_listed_once_with_no_other_that_nothing_reads():
    listed = names_listed()
    assert len(listed) == len(set(listed))
    assert names_read_by_settings() - set(listed) == set()
    others = set(listed) - names_read_by_settings()
    elsewhere = "".join(path.read_text() for path in (ROOT / "config").rglob("*.py"))
    assert {name for name in others if f'"{name}"' not in elsewhere} == set()
