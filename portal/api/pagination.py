"""Pages of a list by key, so that page one thousand costs what page one costs."""

from __future__ import annotations

from rest_framework.pagination import CursorPagination


class KeysetPagination(CursorPagination):
    page_size = 50
    max_page_size = 200
    page_size_query_param = "limit"
    ordering: str | tuple[str, ...] = "-pk"


class InboxPagination(KeysetPagination):
    """STAT before urgent before routine, the longest wait first."""

    ordering = ("urgency", "offered_at", "uid")
