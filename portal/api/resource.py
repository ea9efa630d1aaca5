"""What the viewsets of readable resources share."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from django.db.models import Model
from rest_framework.request import Request
from rest_framework.viewsets import ReadOnlyModelViewSet

from accounts.models import Person
from portal.api.authentication import person_of
from portal.api.parameters import check_parameters

M = TypeVar("M", bound=Model)
UUID_PATTERN = "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
UID_VALUE_PATTERN = r"[0-9.]{1,64}"


class Resource(ReadOnlyModelViewSet[M], Generic[M]):
    """A list in pages by key, and single objects by UID; both only from what the person may see."""

    detail_serializer_class: Any = None

    @property
    def person(self) -> Person:
        return person_of(self.request)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        check_parameters(request)

    def get_serializer_class(self) -> Any:
        if self.action == "retrieve" and self.detail_serializer_class is not None:
            return self.detail_serializer_class
        return super().get_serializer_class()
