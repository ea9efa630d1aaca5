"""Pages of a list by key: page one thousand costs what page one costs, and the address says where one is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from django.db.models import Model, QuerySet
from django.http import HttpRequest

M = TypeVar("M", bound=Model)
ROWS = 50


@dataclass(frozen=True, slots=True)
class Page(Generic[M]):
    """Rows, newest first, and the queries that lead to older ones and back to the newest."""

    rows: list[M]
    older: str
    newest: str


def page_of(request: HttpRequest, found: QuerySet[M], *, rows: int = ROWS) -> Page[M]:
    """The rows before the key in the address, or the newest ones."""
    before = request.GET.get("before", "")
    found = found.order_by("-pk")
    is_later_page = before.isdecimal() and len(before) < 19
    if is_later_page:
        found = found.filter(pk__lt=int(before))
    held = list(found[: rows + 1])
    older = _query(request, before=str(held[rows - 1].pk)) if len(held) > rows else ""
    return Page(held[:rows], older, _query(request) if is_later_page else "")


def _query(request: HttpRequest, **changed: str) -> str:
    query = request.GET.copy()
    query.pop("before", None)
    for name, value in changed.items():
        query[name] = value
    return f"?{query.urlencode()}"
