"""Which process takes which tests, where several run them side by side."""

from __future__ import annotations

import pytest
from xdist.scheduler import LoadGroupScheduling


class FileByFile(LoadGroupScheduling):  # type: ignore[misc] # xdist tells no types
    """A file, or a group that tests name, stays in one process: what a file starts, is started once."""

    def _split_scope(self, nodeid: str) -> str:
        scope: str = super()._split_scope(nodeid)
        return scope.split("::", 1)[0] if scope == nodeid else scope


def long_ones_first(items: list[pytest.Item]) -> None:
    """What starts the product, then what starts a browser, so that no process is left with them at the end."""
    items.sort(key=_place)


def _place(item: pytest.Item) -> int:
    return next(
        (place for place, name in enumerate(("stack", "browser")) if item.get_closest_marker(name)), 2
    )
