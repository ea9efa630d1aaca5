"""Rules of placement and retention."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Site
from archive.lifecycle import services
from archive.lifecycle.access import check_may_manage
from archive.lifecycle.models import PlacementRule, RetentionRule
from portal.api.errors import RefusalSerializer
from portal.api.resource import Resource

_ASKS = ("id", "name", "position", "is_enabled", "site", "modality", "is_thin_slice", "is_derived")


class PlacementRuleSerializer(serializers.ModelSerializer[PlacementRule]):
    site = serializers.SlugRelatedField(
        slug_field="code", queryset=Site.objects.all(), required=False, allow_null=True
    )

    class Meta:
        model = PlacementRule
        fields = (*_ASKS, "older_than_days", "tier", "copies")


class RetentionRuleSerializer(serializers.ModelSerializer[RetentionRule]):
    site = serializers.SlugRelatedField(
        slug_field="code", queryset=Site.objects.all(), required=False, allow_null=True
    )

    class Meta:
        model = RetentionRule
        fields = (*_ASKS, "keep_days")


class PlacementRuleViewSet(Resource[PlacementRule]):
    """Where series belong. The first rule that fits decides; every segment is looked at again after a change."""

    queryset = PlacementRule.objects.none()
    serializer_class = PlacementRuleSerializer
    lookup_value_regex = r"\d{1,18}"
    pagination_class = None

    def get_queryset(self) -> QuerySet[PlacementRule]:
        check_may_manage(self.person)
        return PlacementRule.objects.select_related("site")

    @extend_schema(responses={201: PlacementRuleSerializer, 400: RefusalSerializer})
    def create(self, request: Request) -> Response:
        """Add a rule."""
        rule = services.save_placement_rule(actor=self.person, **_given(self, request))
        return Response(PlacementRuleSerializer(rule).data, status=201)

    @extend_schema(responses={200: PlacementRuleSerializer, 400: RefusalSerializer})
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change what is given of a rule."""
        values = _given(self, request, partial=True)
        rule = services.save_placement_rule(actor=self.person, pk=int(pk), **values)
        return Response(PlacementRuleSerializer(rule).data)

    def destroy(self, request: Request, pk: str) -> Response:
        """Remove a rule."""
        services.remove_rule(PlacementRule, int(pk), actor=self.person)
        return Response(status=204)


class RetentionRuleViewSet(Resource[RetentionRule]):
    """How long series are kept. The first rule that fits decides; 0 days keep for ever."""

    queryset = RetentionRule.objects.none()
    serializer_class = RetentionRuleSerializer
    lookup_value_regex = r"\d{1,18}"
    pagination_class = None

    def get_queryset(self) -> QuerySet[RetentionRule]:
        check_may_manage(self.person)
        return RetentionRule.objects.select_related("site")

    @extend_schema(responses={201: RetentionRuleSerializer, 400: RefusalSerializer})
    def create(self, request: Request) -> Response:
        """Add a rule."""
        rule = services.save_retention_rule(actor=self.person, **_given(self, request))
        return Response(RetentionRuleSerializer(rule).data, status=201)

    @extend_schema(responses={200: RetentionRuleSerializer, 400: RefusalSerializer})
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change what is given of a rule."""
        values = _given(self, request, partial=True)
        rule = services.save_retention_rule(actor=self.person, pk=int(pk), **values)
        return Response(RetentionRuleSerializer(rule).data)

    def destroy(self, request: Request, pk: str) -> Response:
        """Remove a rule."""
        services.remove_rule(RetentionRule, int(pk), actor=self.person)
        return Response(status=204)


def _given(view: Resource[Any], request: Request, *, partial: bool = False) -> dict[str, Any]:
    command = view.get_serializer(data=request.data, partial=partial)
    command.is_valid(raise_exception=True)
    return dict(command.validated_data)
