"""Copies that are being made, repaired or removed, and what reading them again has found."""

from __future__ import annotations

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from archive.lifecycle import services
from archive.lifecycle.access import check_may_manage
from archive.lifecycle.models import ScrubFinding
from archive.lifecycle.selectors import copies_in_work, findings
from archive.storage.models import SegmentCopy
from portal.api.errors import RefusalSerializer
from portal.api.parameters import query, text_in
from portal.api.resource import Resource


class CopySerializer(serializers.ModelSerializer[SegmentCopy]):
    segment = serializers.CharField(source="segment.key")
    series_instance_uid = serializers.CharField(source="segment.series_instance_uid")
    study_instance_uid = serializers.CharField(source="segment.study_instance_uid")
    size_bytes = serializers.IntegerField(source="segment.size_bytes")
    volume = serializers.CharField(source="volume.name")

    class Meta:
        model = SegmentCopy
        fields = (
            "id", "segment", "series_instance_uid", "study_instance_uid", "volume", "state", "size_bytes",
            "bytes_done", "attempts", "problem", "next_at", "changed_at",
        )  # fmt: skip


class FindingSerializer(serializers.ModelSerializer[ScrubFinding]):
    volume = serializers.CharField(source="volume.name")

    class Meta:
        model = ScrubFinding
        fields = (
            "id", "volume", "storage_key", "sop_instance_uid", "study_instance_uid", "code", "state", "found_at",
            "settled_at",
        )  # fmt: skip


@extend_schema_view(list=extend_schema(parameters=[query("state", "copying, removing or damaged")]))
class CopyViewSet(Resource[SegmentCopy]):
    """Copies in work, newest first, for those who look after storage."""

    queryset = SegmentCopy.objects.none()
    serializer_class = CopySerializer
    lookup_value_regex = r"\d{1,18}"

    def get_queryset(self) -> QuerySet[SegmentCopy]:
        check_may_manage(self.person)
        return copies_in_work(state=text_in(self.request, "state"))

    @extend_schema(request=None, responses={200: CopySerializer, 409: RefusalSerializer})
    @action(detail=True, methods=["post"], url_path="try-again")
    def try_again(self, request: Request, pk: str) -> Response:
        """Have a copy that failed tried again at once."""
        return Response(CopySerializer(services.try_again(int(pk), actor=self.person)).data)


@extend_schema_view(list=extend_schema(parameters=[query("state", "open, repaired or lost")]))
class FindingViewSet(Resource[ScrubFinding]):
    """Findings of the scrubber, newest first, for those who look after storage."""

    queryset = ScrubFinding.objects.none()
    serializer_class = FindingSerializer
    lookup_value_regex = r"\d{1,18}"

    def get_queryset(self) -> QuerySet[ScrubFinding]:
        check_may_manage(self.person)
        return findings(state=text_in(self.request, "state"))
