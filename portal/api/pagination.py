"""Pages of a list by key, so that page one thousand costs what page one costs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rest_framework.pagination import BasePagination, CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.utils.urls import replace_query_param

from portal.api.parameters import text_in
from portal.inbox.cursors import cursor_of, place_in
from workflows.models import UserTask
from workflows.people.inboxes import place_of


class KeysetPagination(CursorPagination):
    page_size = 50
    max_page_size = 200
    page_size_query_param = "limit"
    ordering: str | tuple[str, ...] = "-pk"


class InboxPagination(BasePagination):
    """Pages of the inbox: `cursor` names the last task of the page before, where the next one goes on.

    As every page by key has it: `next`, `previous` (always null, lists of work are read forwards), `results`.
    """

    def __init__(self, request: Request | None = None) -> None:
        self.request = request
        if request is not None:
            limit = text_in(request, "limit")
            self.size = min(max(int(limit), 1), KeysetPagination.max_page_size) if limit.isdecimal() else 50
            self.after = place_in(text_in(request, "cursor"))

    def answer(self, found: Sequence[UserTask], serializer: type[BaseSerializer[Any]]) -> Response:
        """The page of tasks that were asked for one more than it holds."""
        shown, more = found[: self.size], found[self.size :]
        return Response(
            {
                "next": self._next(shown[-1]) if more else None,
                "previous": None,
                "results": serializer(shown, many=True).data,
            }
        )

    def _next(self, last: UserTask) -> str:
        request = self.request
        assert request is not None  # noqa: S101 - only the schema makes a paginator without one
        return str(replace_query_param(request.build_absolute_uri(), "cursor", cursor_of(place_of(last))))

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        return KeysetPagination().get_paginated_response_schema(schema)
