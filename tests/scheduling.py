"""Which process takes which tests, where several run them side by side."""

from __future__ import annotations

import pytest
from xdist.scheduler import LoadScopeScheduling

TOGETHER = ("tests/journey/",)
"""Folders whose files share what takes a minute to start: a whole product. xdist's own groups go by a suffix it writes
to a test's id, which pytest 9 no longer lets it do; told by nothing, each process started a product."""


class FileByFile(LoadScopeScheduling):  # type: ignore[misc] # xdist tells no types
    """A file, or a folder of those, stays in one process: what it starts, is started once."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::", 1)[0]
        return next((folder for folder in TOGETHER if file.startswith(folder)), file)


def long_ones_first(items: list[pytest.Item]) -> None:
    """What starts the product, then what starts a browser, so that no process is left with them at the end."""
    items.sort(key=_place)


def _place(item: pytest.Item) -> int:
    return next(
        (place for place, name in enumerate(("stack", "browser")) if item.get_closest_marker(name)), 2
    )
